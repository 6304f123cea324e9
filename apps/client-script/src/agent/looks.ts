/** The words and looks of the connect button. They come from the agent, so that only pages of unconnected visitors load them. */
import type { ButtonLooks } from '@rivulet/web-monetization'

const css = `:host{all:initial;color-scheme:light dark}
div{display:inline-flex;align-items:center;background:light-dark(#fff,#10242a);color:light-dark(#075361,#a5ebe6);border:1px solid light-dark(#b4d5d9,#2f5a62);border-radius:99px;box-shadow:0 1px 2px #0002,0 6px 24px #0002;font:500 14px/1.2 system-ui,sans-serif}
button{all:unset;cursor:pointer;padding:12px 16px;border-radius:99px}
button:first-child{padding-right:6px}
button+button{padding-left:10px;opacity:.75}
button:hover{text-decoration:underline;text-underline-offset:3px;opacity:1}
button:focus-visible{outline:2px solid light-dark(#0a7c86,#5fd4d0);outline-offset:-4px}
@media print{div{display:none}}`

/** In French for a browser that prefers it, else in English. */
export function buttonLooks(): ButtonLooks {
  return navigator.languages.find((language) => /^(?:fr|en)\b/i.test(language))?.slice(0, 2).toLowerCase() === 'fr'
    ? { lang: 'fr', css, label: 'Soutenir ce site', hide: 'Masquer' }
    : { lang: 'en', css, label: 'Support this site', hide: 'Hide' }
}
