import { errorText } from '../protocol/errors.ts';
import type { StartRequest, TreeSnapshot } from '../protocol/messages.ts';
import { resolveInstances } from '../spec/resolveSpec.ts';
import { readDeclared } from './declared.ts';
import { detachedWarden, ownEnvironment } from './detached.ts';
import { CliError, exitCodeOf, exitCodes } from './exitCodes.ts';
import { PrefixedLines } from './prefixedLines.ts';
import { CliSession } from './session.ts';
import { deferred, writeOut } from './stdout.ts';

/** Starts what processes.json declares, all of it or the named ones, with prefixed output; resolves with the first status that is not 0. */
export async function up(names: readonly string[]): Promise<number> {
  const { folder, context, wanted } = readDeclared('processes', ({ specs }) => specs, names);
  // Everything is checked before anything is started.
  const resolving = wanted.map(([name, spec]) => resolveInstances(name, spec, spec.instances ?? 1, context));
  const requests = await Promise.all(resolving).catch((error: unknown) => {
    throw new CliError(errorText(error), exitCodes.usage);
  });
  const all = requests.flat();
  const detached = new Set(wanted.filter(([, spec]) => spec.lifetime === 'detached').map(([name]) => name));
  await Promise.all(all.filter(({ name, pool }) => detached.has(pool ?? name)).map((request) => startDetached(request, folder)));
  const managed = all.filter(({ name, pool }) => !detached.has(pool ?? name));
  if (managed.length === 0) return exitCodes.ok;
  const session = await CliSession.start('tree-warden up', false);
  session.stopOnSignals();
  const width = Math.max(...managed.map(({ name }) => name.length));
  const codes = await Promise.all(managed.map((request, index) => runOne(session, request, prefixFor(request.name, width, index))));
  await session.close('all commands have ended');
  return codes.find((code) => code !== 0) ?? exitCodes.ok;
}

/** It lives on when this command has ended; one that runs already is left as it is. */
async function startDetached(request: StartRequest, folder: string): Promise<void> {
  const client = await detachedWarden(folder);
  try {
    const running = (await client.list()).find(({ name, endedAt }) => name === request.name && endedAt === undefined);
    const tree = running ?? (await client.start({ ...request, env: { ...ownEnvironment(), ...request.env } }));
    process.stderr.write(
      `tree-warden: ${request.name} ${running ? 'is running already' : 'was started'}, detached (pid ${tree.leader?.pid ?? 'unknown'}); tree-warden kill ${request.name} ends it.\n`,
    );
  } finally {
    client.dispose();
  }
}

async function runOne(session: CliSession, request: StartRequest, prefix: string): Promise<number> {
  const { client } = session.warden;
  let tree: TreeSnapshot;
  try {
    // Piped output is for programs: no terminal, no colours.
    tree = await client.start({ ...request, stdio: process.stdout.isTTY ? request.stdio : 'pipes', awaitReader: true });
  } catch (error) {
    process.stderr.write(`${prefix}${errorText(error)}\n`);
    return exitCodes.cannotStart;
  }
  for (;;) {
    const ended = await follow(session, tree, prefix);
    const next = await session.successorOf(ended);
    if (!next) return ended.exit && ended.state === 'failed' ? exitCodeOf(ended.exit) : exitCodes.ok;
    tree = next;
  }
}

/** Prints what it prints, to its end. */
async function follow(session: CliSession, tree: TreeSnapshot, prefix: string): Promise<TreeSnapshot> {
  const lines = new PrefixedLines(prefix);
  const { promise: drained, resolve } = deferred();
  await session.warden.client.readOutput(
    { tree: tree.id, from: 0, whenBehind: 'wait', follow: true },
    {
      onChunk: (chunk) => writeOut(lines.add(chunk)),
      onEnd: resolve,
    },
  );
  const ended = await session.endOf(tree.id);
  await drained;
  await writeOut(`${lines.rest()}${prefix}${ended.reason}\n`);
  return ended;
}

const colours = [36, 33, 32, 35, 34, 31];

function prefixFor(name: string, width: number, index: number): string {
  const plain = `${name.padEnd(width)} | `;
  return process.stdout.isTTY ? `\u001b[${colours[index % colours.length]}m${plain}\u001b[0m` : plain;
}
