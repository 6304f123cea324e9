/** Rivulet's mark: three small streams meet in one drop. Decorative; the word beside it is the name. */
export function Mark({ size = 28 }: { readonly size?: number }): React.JSX.Element {
  return (
    <svg className="mark" width={size} height={size} viewBox="0 0 32 32" aria-hidden="true" focusable="false">
      <g fill="none" stroke="currentColor" strokeWidth="2.6" strokeLinecap="round">
        <path d="M3 6C14 6 13 16 23 16" opacity="0.55" />
        <path d="M3 16H23" />
        <path d="M3 26C14 26 13 16 23 16" opacity="0.55" />
      </g>
      <circle className="mark-drop" cx="26.5" cy="16" r="3.6" />
    </svg>
  )
}

/** A thread of water between payer and payee: it moves while money moves, and lies still otherwise. */
export function Flow({ moving }: { readonly moving: boolean }): React.JSX.Element {
  return (
    <svg className={moving ? 'flow flow-moving' : 'flow'} viewBox="0 0 48 12" preserveAspectRatio="none" aria-hidden="true" focusable="false">
      <path d="M0 6C8 0 16 0 24 6S40 12 48 6" />
    </svg>
  )
}

/** Many strands that run together: the backdrop of the doors. */
export function Current(): React.JSX.Element {
  const strands = Array.from({ length: 9 }, (_, index) => 24 + index * 44)
  return (
    <svg className="current" viewBox="0 0 640 400" preserveAspectRatio="xMidYMid slice" aria-hidden="true" focusable="false">
      {strands.map((y, index) => (
        <path key={y} className={`strand strand-${index % 3}`} d={`M-20 ${y}C180 ${y} 220 ${200 + (y - 200) * 0.12} 430 ${200 + (y - 200) * 0.1}S600 ${200 + (y - 200) * 0.05} 660 200`} />
      ))}
    </svg>
  )
}
