import { Popover } from '@mantine/core'
import { useId, useState } from 'react'

/** A name whose definition shows at the pointer, by touch and by keyboard; Escape takes it away. */
export function Defined({ name, definition }: { readonly name: string; readonly definition: string }): React.JSX.Element {
  const id = useId()
  const [open, setOpen] = useState(false)
  return (
    <Popover opened={open} onChange={setOpen} width={300} position="bottom-start" withinPortal={false} trapFocus={false} withRoles={false}>
      <Popover.Target>
        <button
          type="button"
          className="defined"
          aria-describedby={open ? id : undefined}
          aria-expanded={open}
          onClick={() => setOpen(true)}
          onFocus={() => setOpen(true)}
          onBlur={() => setOpen(false)}
          onMouseEnter={() => setOpen(true)}
          onMouseLeave={() => setOpen(false)}
          onKeyDown={(event) => event.key === 'Escape' && setOpen(false)}
        >
          {name}
        </button>
      </Popover.Target>
      <Popover.Dropdown id={id} role="note">
        {definition}
      </Popover.Dropdown>
    </Popover>
  )
}
