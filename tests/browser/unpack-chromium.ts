/** Unpacks the packaged Chromium below TMPDIR; in a process of its own, because it changes the environment of the one that loads it. */
import { writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import chromium from '@sparticuz/chromium'

await chromium.executablePath()
// Its own names a folder of cloud functions.
writeFileSync(join(tmpdir(), 'fonts', 'fonts.conf'), '<?xml version="1.0"?><!DOCTYPE fontconfig SYSTEM "fonts.dtd"><fontconfig><dir prefix="relative">fonts</dir><cachedir prefix="xdg">fontconfig</cachedir></fontconfig>\n')
