/** The programs of a Go module: one in its folder, and those in cmd/. */
import type { Discoverer } from './foundTask.ts';

export const goRun: Discoverer = {
  kind: 'go',
  files: ['go.mod'],
  isNested: true,
  find: (_text, folder) => [
    ...(folder.has('main.go') ? [{ label: 'go run .', command: 'go run .', likely: true, line: 0 }] : []),
    ...folder
      .folders('cmd')
      .filter((name) => /^[\w-]+$/.test(name) && folder.has(`cmd/${name}/main.go`))
      .map((name) => ({ label: `go run ./cmd/${name}`, command: `go run ./cmd/${name}`, likely: true, line: 0 })),
  ],
};
