import type { WardenClient } from '../client/wardenClient.ts';
import { declarationOf } from '../config/declarations.ts';
import type { ProcessDeclaration } from '../protocol/declare.ts';
import { errorText } from '../protocol/errors.ts';
import { instanceName } from '../protocol/names.ts';
import type { TreeSnapshot } from '../protocol/snapshot.ts';
import { isLive, labelOf } from '../protocol/trees.ts';
import { visible } from '../protocol/visible.ts';
import { readDeclared } from './declared.ts';
import { detachedWarden, ownEnvironment } from './detached.ts';
import { CliError, exitCodeOf, exitCodes } from './exitCodes.ts';
import { linePrefixes, MergedOutput, type PrefixedLines } from './prefixedLines.ts';
import { complain } from './say.ts';
import { CliSession } from './session.ts';
import { stdoutFailure, writeOut } from './stdout.ts';

/** Starts what processes.json declares, all of it or the named ones, with prefixed output; resolves with the first status that is not 0. */
export async function up(names: readonly string[]): Promise<number> {
  const { path, folder, context, wanted } = readDeclared('processes', ({ specs }) => specs, names);
  // Everything is checked before anything is started.
  const declarations = await Promise.all(wanted.map(([name, spec]) => declarationOf(name, spec, context)));
  for (const one of declarations)
    if ('problem' in one) throw new CliError(`'${one.name}' cannot be started: ${one.problem}`, exitCodes.usage);
  const isDetached = (name: string): boolean => wanted.some((one) => one[0] === name && one[1].lifetime === 'detached');
  const detached = wanted.map(([name]) => name).filter(isDetached);
  if (detached.length > 0) await startDetached(detached, path, folder);
  const managed = declarations.filter(({ name }) => !isDetached(name));
  if (managed.length === 0) return exitCodes.ok;
  const session = await CliSession.start('tree-warden up');
  session.stopOnSignals();
  const failure = stdoutFailure('The reader of the output has gone, so the processes were ended.');
  const codes = await Promise.race([runAll(session, path, managed), failure]).catch(async (error: unknown) => {
    await session.close(errorText(error));
    throw error;
  });
  await session.close('all commands have ended');
  return codes.find((code) => code !== 0) ?? exitCodes.ok;
}

/** Resolves with the status of each instance. */
async function runAll(session: CliSession, origin: string, declarations: readonly ProcessDeclaration[]): Promise<number[]> {
  const { names } = session.warden.client;
  // Piped output is for programs: no terminal, no colours.
  const processes = process.stdout.isTTY ? declarations : declarations.map(onPipes);
  await names.declare({ origin, processes });
  const labels = declarations.flatMap(({ name, instances }) =>
    Array.from({ length: instances }, (_, index) =>
      labelOf({ name: instanceName(name, index + 1), pool: instances > 1 ? name : undefined }),
    ),
  );
  const prefixes = linePrefixes(labels);
  const merged = new MergedOutput(writeOut);
  return await Promise.all(
    labels.map(async (label, index) => {
      const prefix = prefixes[index] ?? '';
      const lines = (): PrefixedLines => merged.prefixed(prefix);
      return await runOne(session, label, prefix, lines);
    }),
  );
}

function onPipes(declaration: ProcessDeclaration): ProcessDeclaration {
  return 'template' in declaration ? { ...declaration, template: { ...declaration.template, stdio: 'pipes' } } : declaration;
}

/** They live on when this command has ended; what runs already is left as it is. */
async function startDetached(names: readonly string[], origin: string, folder: string): Promise<void> {
  // All of the file: what is declared of it for this warden takes the place of what was declared before.
  const { context, wanted } = readDeclared('processes', ({ specs }) => specs, []);
  const detached = wanted.filter(([, { lifetime }]) => lifetime === 'detached');
  const processes = await Promise.all(detached.map(([name, spec]) => declarationOf(name, spec, context)));
  const client = await detachedWarden(folder);
  try {
    await client.names.declare({ origin, processes });
    for (const name of names) await startOneDetached(client, name);
  } finally {
    client.dispose();
  }
}

async function startOneDetached(client: WardenClient, name: string): Promise<void> {
  const { trees, failures } = await client.names.start({ name, env: ownEnvironment() });
  const [failed] = failures;
  if (failed) throw new CliError(failed.message, exitCodes.failed);
  const running = (await client.list()).filter((tree) => (tree.pool ?? tree.name) === name && isLive(tree));
  for (const tree of running) {
    const isNew = trees.some(({ id }) => id === tree.id);
    const pid = tree.leader?.pid ?? 'unknown';
    const label = labelOf(tree);
    complain(`${label} ${isNew ? 'was started' : 'is running already'}, detached (pid ${pid}); tree-warden kill ${label} ends it.`);
  }
}

async function runOne(session: CliSession, name: string, prefix: string, lines: () => PrefixedLines): Promise<number> {
  const { trees, failures } = await session.warden.client.names.start({ name, awaitReader: true });
  let [tree] = trees;
  if (!tree) {
    process.stderr.write(`${prefix}${visible(failures[0]?.message ?? `'${name}' is running already.`)}\n`);
    return exitCodes.cannotStart;
  }
  for (;;) {
    const ended = await follow(session, tree, lines());
    const next = await session.successorOf(ended);
    if (!next && ended.limit !== undefined) return exitCodes.limitReached;
    if (!next) return ended.exit && ended.state === 'failed' ? exitCodeOf(ended.exit) : exitCodes.ok;
    tree = next;
  }
}

/** Prints what it prints, to its end. */
async function follow(session: CliSession, tree: TreeSnapshot, lines: PrefixedLines): Promise<TreeSnapshot> {
  const request = { tree: tree.id, from: 0, whenBehind: 'wait', follow: true } as const;
  const output = session.warden.client.readOutput(request, { onChunk: (chunk) => lines.add(chunk) });
  const ended = await session.endOf(tree.id);
  await output.ended;
  await lines.end(visible(ended.reason));
  return ended;
}
