import { convertCssVariables, DEFAULT_THEME, defaultCssVariablesResolver, mergeMantineTheme } from '@mantine/core'
import react from '@vitejs/plugin-react'
import { defineConfig, type Plugin } from 'vite'
import { theme } from './src/look/theme.ts'

/**
 * The theme's CSS variables as a stylesheet of its own. Mantine would write them into a `<style>` element at run time, which a
 * Content-Security-Policy without 'unsafe-inline' forbids.
 */
function themeStyles(): Plugin {
  const name = 'virtual:rivulet-theme.css'
  return {
    name: 'rivulet-theme-styles',
    resolveId: (id) => (id === name ? `\0${name}` : undefined),
    load: (id) => (id === `\0${name}` ? convertCssVariables(defaultCssVariablesResolver(mergeMantineTheme(DEFAULT_THEME, theme)), ':root') : undefined),
  }
}

export default defineConfig({
  root: import.meta.dirname,
  plugins: [react(), themeStyles()],
  server: { proxy: { '/api': { target: 'http://localhost:4000', changeOrigin: false } } },
  build: {
    target: 'es2023',
    outDir: 'dist',
    emptyOutDir: true,
    manifest: true,
    // Inlined files would need `data:` in the policy.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    rolldownOptions: { input: ['wallet.html', 'operator.html', 'publisher.html'] },
  },
})
