/** A process runs in the Python environment that is selected in the Python extension. */
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { writeProcesses } from '../support/declared.ts';
import { Editor } from '../support/editor.ts';

const extension = fileURLToPath(new URL('../fixtures/python-extension', import.meta.url));

/** An environment with one program of its own. */
function makeEnvironment(folder: string, name: string): void {
  mkdirSync(join(folder, name, 'bin'), { recursive: true });
  writeFileSync(join(folder, name, 'pyvenv.cfg'), '');
  for (const program of ['python', 'tool']) {
    const path = join(folder, name, 'bin', program);
    writeFileSync(path, `#!/bin/sh\necho "of ${name}, in $VIRTUAL_ENV"; exec sleep 600\n`);
    chmodSync(path, 0o755);
  }
}

describe('the selected Python environment', () => {
  it('is that of a process, is said in its hover, and is changed by a restart when another one was selected', async () => {
    await using editor = await Editor.open({
      workspace: null,
      extension,
      prepare: (folder) => {
        for (const name of ['one', 'two']) makeEnvironment(folder, name);
        writeFileSync(join(folder, 'selected'), 'one');
        writeProcesses(folder, { app: { command: ['tool'], python: 'selected' } });
      },
    });
    await editor.showProcesses();
    await editor.waitForRow('app', /idle/);
    await editor.warden('Start', 'app');
    await editor.waitForRow('app', /, live/);
    await editor.waitForTerminal(/of one, in .*one/);
    await editor.hover('app', /Python: .*\/one/);
    await editor.screenshot('selected-python-hover');
    writeFileSync(join(editor.workspace, 'selected'), 'two');
    await editor.waitForRow('app', /changed/);
    await editor.warden('Restart', 'app');
    await editor.waitForTerminal(/of two, in .*two/);
    await editor.screenshot('selected-python');
  });
});
