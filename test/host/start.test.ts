/** What `npm start` opens: the view, with something in it to see. */
import { it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { Editor } from '../support/editor.ts';

it('npm start opens on the Processes view, with a process running and its output', async () => {
  await using editor = await Editor.open({ extension: fileURLToPath(new URL('../../src/build/sample-opener', import.meta.url)) });
  // Without a click.
  await editor.waitForRow('web', /, live, .* MB {2}:\d+$/);
  await editor.waitForTerminal(/worker \d+ listens on/);
  await editor.screenshot('start');
});
