/**
 * Bytes a second that a warden sends to a client that watches a tree of 1,000 members at one sample a second: `npm run bench:push`.
 * Idle members sleep; busy ones use a little of a processor each second, so that their figures change.
 */
import { readFileSync } from 'node:fs';
import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { createMessageConnection, StreamMessageReader, StreamMessageWriter } from 'vscode-jsonrpc/node';
import { coreVersion, hello, spokenVersions } from '../../src/protocol/handshake.ts';
import { watch } from '../../src/protocol/watching.ts';
import { socketPath } from '../../src/records/records.ts';
import { eventually } from '../support/run.ts';
import { TestWarden } from '../support/warden.ts';

const members = 1000;
const seconds = Number(process.argv[2] ?? 20);
const work = {
  idle: 'sleep',
  busy: 'while (1) { for (my $i = 0; $i < 8000; $i++) {} select(undef, undef, undef, 1) }',
};

async function measure(what: string, script: string): Promise<void> {
  await using warden = await TestWarden.start();
  await warden.client.start(
    warden.request(['perl', '-e', `for (2..${members}) { next if fork; ${script}; exit } ${script}`, warden.run.workFolder], {
      containment: 'group',
    }),
  );
  await eventually('all are there', async () => (await warden.client.list())[0]?.members.length === members, 60_000);
  const socket = connect(socketPath(warden.client.welcome.folder));
  const connection = createMessageConnection(new StreamMessageReader(socket), new StreamMessageWriter(socket));
  let pushes = 0;
  connection.onUnhandledNotification(() => void pushes++);
  connection.listen();
  await connection.sendRequest(hello, { protocol: coreVersion, versions: spokenVersions, version: '0', client: 'bench' });
  await connection.sendRequest(watch, { intervalMillis: 1000 });
  await sleep(3000);
  const [bytes, count, cpu] = [socket.bytesRead, pushes, cpuMillis(warden.process.pid)];
  await sleep(seconds * 1000);
  const perSecond = (socket.bytesRead - bytes) / seconds;
  const cpuPerSecond = (cpuMillis(warden.process.pid) - cpu) / seconds;
  console.log(
    `${what}: ${Math.round(perSecond)} bytes/s, ${((pushes - count) / seconds).toFixed(2)} pushes/s, warden ${cpuPerSecond.toFixed(1)} ms of CPU/s`,
  );
  connection.dispose();
  socket.destroy();
}

/** Fields 14 and 15 of proc_pid_stat(5), in ticks of 10 ms. */
function cpuMillis(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'latin1').split(') ').at(-1)?.split(' ') ?? [];
  return (Number(fields[14 - 3]) + Number(fields[15 - 3])) * 10;
}

for (const [what, script] of Object.entries(work)) await measure(what, script);
