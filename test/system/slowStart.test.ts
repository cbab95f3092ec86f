import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { it } from 'node:test';
import { WardenProcess } from '../../src/client/wardenProcess.ts';
import { eventually, Run } from '../support/run.ts';
import { survivorsOf } from '../support/survivors.ts';

it('a warden that does not answer is ended, and its start fails with a sentence', async () => {
  await using run = new Run();
  const script = join(run.folder, 'mute.cjs');
  writeFileSync(script, 'setInterval(() => undefined, 1000);');
  const logFolder = join(run.folder, 'logs');
  const starting = WardenProcess.start({ script, client: 'test', workspace: run.folder, logFolder, env: run.env, startMillis: 1000 });
  await assert.rejects(starting, /^Error: The warden could not be started: it has not answered in 1 s, and was ended\.$/);
  await eventually('it has ended', () => survivorsOf(run.folder).length === 0);
});
