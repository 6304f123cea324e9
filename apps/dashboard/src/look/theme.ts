import { createTheme, type MantineColorsTuple } from '@mantine/core'

/** Still water: the green of a brook over stone. */
const brook: MantineColorsTuple = ['#e8f5f2', '#d2eae5', '#a8d6cd', '#7cc3b8', '#52aea1', '#379a8d', '#1c796e', '#14695f', '#0b544c', '#063f39']
/** Money in motion, and nothing else. */
const amber: MantineColorsTuple = ['#fdf4e3', '#f9e6c4', '#f3cf8f', '#edb85a', '#e8a63a', '#e39a2d', '#c37f19', '#925c0d', '#6f4507', '#4d2f03']
/** White is read on what is filled with it. */
const red: MantineColorsTuple = ['#fff5f5', '#ffe3e3', '#ffc9c9', '#ffa8a8', '#ff8787', '#ff6b6b', '#d13232', '#c92a2a', '#b02525', '#8f1d1d']
const gray: MantineColorsTuple = ['#f5f8f6', '#ecf1ee', '#dfe7e3', '#cdd8d3', '#b3c1bb', '#93a49d', '#5d6f68', '#51635c', '#374841', '#1f2e28']
const dark: MantineColorsTuple = ['#d9e4e0', '#b5c5bf', '#94a7a0', '#6b807a', '#34443f', '#25332f', '#18231f', '#0f1815', '#0a110f', '#060b09']

export const theme = createTheme({
  colors: { brook, amber, red, gray, dark },
  primaryColor: 'brook',
  primaryShade: { light: 7, dark: 6 },
  autoContrast: true,
  black: '#10211c',
  defaultRadius: 'md',
  radius: { xs: '4px', sm: '6px', md: '10px', lg: '16px', xl: '24px' },
  fontFamily: "'Schibsted Grotesk Variable', system-ui, sans-serif",
  headings: { fontFamily: "'Schibsted Grotesk Variable', system-ui, sans-serif", fontWeight: '650' },
  cursorType: 'pointer',
  respectReducedMotion: true,
  components: {
    TextInput: { defaultProps: { size: 'md' } },
    NativeSelect: { defaultProps: { size: 'md' } },
    PasswordInput: { defaultProps: { size: 'md' } },
  },
})
