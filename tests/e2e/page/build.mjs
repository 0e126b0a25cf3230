// Bundle the page once with each y-webrtc that it is to meet with, into a folder of its version.

import { build } from 'esbuild'

const HERE = 'tests/e2e/page' // npm runs scripts from the project's folder
const CLIENTS = {
  '10.3.0': 'y-webrtc',
  '10.2.6': 'y-webrtc-10.2.6',
  '10.2.5': 'y-webrtc-10.2.5'
}

for (const [version, name] of Object.entries(CLIENTS)) {
  await build({
    entryPoints: ['index.html', 'meeting.js'].map((file) => `${HERE}/${file}`),
    alias: { 'y-webrtc': name },
    bundle: true,
    minify: true,
    target: 'es2022',
    loader: { '.html': 'copy' },
    outdir: `${HERE}/dist/${version}`,
    logLevel: 'warning'
  })
}
