/** The small button that a page offers while its visitor is not connected. Its shadow root and constructed sheet need nothing of the page's policy. */
import type { ButtonLooks } from '@rivulet/web-monetization'

/** Shows the button, or hides it when there are no looks. `place`: a selector of the element that holds it, `none`, or empty for a corner of the window. */
export function connectButton(place: string, connect: () => void): (looks: ButtonLooks | undefined) => void {
  let host: HTMLElement | undefined
  let dismissed = place === 'none'
  const button = (textContent: string, ariaLabel: string, onclick: () => void): HTMLElement => Object.assign(document.createElement('button'), { textContent, ariaLabel, onclick })
  return (looks) => {
    if (!looks || dismissed) return host?.remove()
    if (!host) {
      host = document.createElement('rivulet-button')
      host.lang = looks.lang
      const sheet = new CSSStyleSheet()
      sheet.replaceSync(looks.css + (place === '' ? ':host{position:fixed;bottom:16px;right:16px;z-index:2147483647}' : ''))
      const root = host.attachShadow({ mode: 'open' })
      root.adoptedStyleSheets = [sheet]
      const box = document.createElement('div')
      const dismiss = (): void => {
        dismissed = true
        host?.remove()
      }
      box.append(button(`≈ ${looks.label}`, looks.label, connect), button('✕', looks.hide, dismiss))
      root.append(box)
    }
    const parent = place === '' ? document.body : document.querySelector(place)
    if (parent && host.parentNode !== parent) parent.append(host)
  }
}
