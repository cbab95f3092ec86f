/** The output of several processes in one terminal, and a log as a document. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { Editor } from '../support/editor.ts';

const waits = (file: string): string => `until [ -e ${file} ]; do sleep 0.1; done`;
const processes = {
  api: { command: `echo "INFO api is up"; ${waits('go')}; echo "ERROR no database"; exec sleep 600`, group: 'Servers', pty: false },
  web: {
    command: `echo "INFO web is up"; ${waits('go-on')}; echo "INFO web goes on"; exec sleep 600`,
    group: 'Servers',
  },
  late: { command: 'echo "WARN late has begun"; exec sleep 600', group: 'Others' },
};

describe('the output of several processes', () => {
  let editor: Editor;
  before(async () => {
    editor = await Editor.ofProcesses(processes);
    for (const name of ['api', 'web']) {
      await editor.start(name);
      await editor.waitForTerminal(new RegExp(`${name} is up`));
    }
  });
  after(() => editor[Symbol.asyncDispose]());

  it('is in one terminal, in its order, and goes on with what comes and what is started later', async () => {
    await editor.warden('Show Merged Output');
    await editor.waitForTerminal(/api \| INFO api is up\s+web \| INFO web is up/);
    await editor.screenshot('merged output past');
    writeFileSync(join(editor.workspace, 'go'), '');
    await editor.waitForTerminal(/api \| ERROR no database/);
    writeFileSync(join(editor.workspace, 'go-on'), '');
    await editor.waitForTerminal(/api \| ERROR no database\s+web \| INFO web goes on/);
    await editor.start('late');
    // Which has a terminal of its own; this one is still open behind it, once that is in front.
    await editor.waitForTerminal(/^WARN late has begun/m);
    await editor.warden('Show Merged Output');
    await editor.waitForTerminal(/late \| WARN late has begun/);
    await editor.screenshot('merged output');
  });

  it('has times and a level at the press of a key', async () => {
    await editor.typeIntoTerminal('t');
    await editor.waitForTerminal(/api +\| \d\d:\d\d:\d\d\.\d{3} INFO api is up/);
    await editor.screenshot('merged output times');
    for (const level of ['debug', 'info', 'warn']) {
      await editor.typeIntoTerminal('l');
      await editor.waitForTerminal(new RegExp(`level \\(${level}\\)`));
    }
    await editor.waitForTerminal(/^(?!.*INFO).*ERROR no database/s);
    await editor.screenshot('merged output level');
  });

  it('of one is opened as a document, with times', async () => {
    await editor.warden('Open Log', 'api');
    await editor.page.locator('.view-line', { hasText: /^\d{4}-\d\d-\d\d.\d\d:\d\d:\d\d\.\d{3}.INFO.api.is.up$/ }).waitFor();
    await editor.screenshot('open log');
  });
});
