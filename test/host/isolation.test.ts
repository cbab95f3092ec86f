/** What the hover of a process says of what it may reach, and of what it belongs to. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { it } from 'node:test';
import type { Diagnosis } from '../../src/protocol/inspection.ts';
import { Editor } from '../support/editor.ts';
import { cli } from '../support/run.ts';

const { isolation } = JSON.parse(execFileSync(process.execPath, [cli, 'doctor', '--json'], { encoding: 'utf8' })) as Diagnosis;
const skip = isolation.available ? false : `processes cannot be isolated on this machine: ${isolation.why}`;

it('a hover says how a process is isolated, and what it has joined', { skip }, async () => {
  await using editor = await Editor.ofProcesses({
    box: { command: 'exec sleep 1000', isolate: { write: ['.vscode'], network: true }, pty: false },
    side: { command: 'exec sleep 1000', join: 'host', dependsOn: { host: 'started' }, pty: false },
    host: { command: 'exec sleep 1000', pty: false },
  });
  await editor.start('box');
  await editor.waitForRow('box', /live/);
  assert.match(await editor.hoverText('box', 'Isolated'), /Isolated:\shas\sthe\snetwork,\swrites\sto\s.*vscode/);
  await editor.screenshot('isolated');
  await editor.start('side');
  await editor.waitForRow('side', /live/);
  assert.match(await editor.hoverText('side', 'Joined to'), /Joined\sto:\shost/);
});
