/** What agents may do, written once: for the editor's own agents, and for others by MCP. */
import * as z from 'zod';
import { typeInto } from '../client/keyboard.ts';
import { failureSentences, mergedAnswer, targetsOf, type WardenTree } from '../client/nameVerbs.ts';
import type { NameAnswer } from '../protocol/declare.ts';
import { maxWritable } from '../protocol/isolation.ts';
import { maxKeys, maxKeyText } from '../protocol/keys.ts';
import { nameFrom, nameProblem, normalName } from '../protocol/names.ts';
import { describePorts } from '../protocol/ports.ts';
import type { TreeSnapshot } from '../protocol/snapshot.ts';
import { asReason, localizable } from '../protocol/texts.ts';
import { LongTimer } from '../protocol/timers.ts';
import { isLive, isReady, stateWord } from '../protocol/trees.ts';
import type { AgentHost } from './host.ts';
import { outputOf } from './output.ts';

export interface AgentTool<Input extends z.ZodType = z.ZodType> {
  readonly name: string;
  readonly title: string;
  /** For the model: what it does, and when to use it. */
  readonly description: string;
  readonly input: Input;
  /** Whether something is another afterwards: a person is asked first. */
  readonly changes: boolean;
  /** @throws Error with one sentence. */
  run(host: AgentHost, input: z.output<Input>): Promise<string>;
  /** What a person is asked, as a sentence. */
  question(input: z.output<Input>): string;
}

const process = z.string().min(1).describe('Name of the process, as list_processes shows it; the name of a pool means all its instances.');

function tool<Input extends z.ZodType>(definition: AgentTool<Input>): AgentTool {
  return definition as unknown as AgentTool;
}

export const agentTools: readonly AgentTool[] = [
  tool({
    name: 'list_processes',
    title: 'List Processes',
    description:
      'Lists the processes that Tree Warden guards and those that this workspace declares: name, state, health, pid, ports, CPU, memory, why one has ended. Use it before you start a server: it may be running.',
    input: z.object({}),
    changes: false,
    question: () => 'List processes?',
    run: async (host) => {
      const trees = await host.trees();
      const running = new Set(trees.map(({ tree }) => tree.pool ?? tree.name));
      const idle = (await host.declared()).filter(({ name }) => !running.has(name));
      return asText({ processes: trees.map(({ tree }) => describe(tree)), notRunning: idle });
    },
  }),
  tool({
    name: 'start_process',
    title: 'Start Process',
    description:
      'Starts a process that processes.json declares (process), or a command of your own in the background (command, with a name for it). Its whole tree is ended with its window or with you; use this instead of putting a server into the background of a shell.',
    input: z
      .object({
        process: z.string().min(1).optional().describe('A declared process.'),
        command: z.string().min(1).optional().describe('Or a line for the shell: "npm run dev".'),
        name: z.string().min(1).optional().describe('How the command is to be listed.'),
        isolate: z
          .object({
            network: z.boolean().optional().describe('Whether it may use the network. Default: false.'),
            write: z
              .array(z.string().min(1).max(4096))
              .max(maxWritable)
              .optional()
              .describe('Folders that it may write to; they must exist.'),
          })
          .optional()
          .describe(
            'Run the command isolated, for scripts that are not known: it reads files (but no keys), writes only to these folders and its own /tmp, and has no network. Where that is not possible, it is not started.',
          ),
        join: z
          .string()
          .min(1)
          .optional()
          .describe('Name of a running process whose limits the command counts toward, and with which it ends.'),
      })
      .refine(({ process: declared, command }) => (declared === undefined) !== (command === undefined), 'name a process, or give a command')
      .refine(
        ({ command, isolate, join }) => command !== undefined || (isolate === undefined && join === undefined),
        'isolate and join are for a command; a declared process has its own',
      ),
    changes: true,
    question: ({ process: declared, command, isolate }) =>
      command === undefined ? `Start ${declared}?` : `Start this command${describeIsolation(isolate)}? ${command}`,
    run: async (host, { process: declared, command, name, isolate, join }) => {
      if (command !== undefined) {
        const confinement = { ...(isolate && { isolate }), ...(join !== undefined && { join: normalName(join) }) };
        const tree = await host.startCommand(name === undefined ? firstWord(command) : checkedName(name), command, confinement);
        return asText({ started: [describe(tree)] });
      }
      const answer = await host.startDeclared(declared ?? '');
      if (answer.armed)
        return asText({ started: [], waits: `'${declared}' has a schedule, and waits for its time. Start it once more to run it now.` });
      if (answer.trees.length === 0 && answer.failures.length === 0) throw new Error(`'${declared}' is running already.`);
      return outcomeText('started', answer);
    },
  }),
  tool({
    name: 'stop_process',
    title: 'Stop Process',
    description: 'Stops a process and all that it has started, gently at first; waits until nothing of it is left.',
    input: z.object({ process, now: z.boolean().optional().describe('Kill at once, without asking it to end.') }),
    changes: true,
    question: ({ process: name, now }) => (now ? `Kill ${name} and all that it has started?` : `Stop ${name} and all that it has started?`),
    run: async (host, { process: name, now = false }) => {
      const reason = asReason(localizable('stoppedByAgent'));
      const answer = await mergedAnswer(await targetsOf(await find(host, name)), async ({ client, tree, name: declared }) =>
        declared === undefined
          ? { trees: [await client.stop({ tree: tree.id, now, ...reason })], failures: [] }
          : await client.names.stop({ name: declared, now, ...reason }),
      );
      return outcomeText('stopped', answer);
    },
  }),
  tool({
    name: 'restart_process',
    title: 'Restart Process',
    description: 'Stops a process, waits until nothing of it is left, and starts it again with its newest declaration.',
    input: z.object({ process }),
    changes: true,
    question: ({ process: name }) => `Restart ${name}?`,
    run: async (host, { process: name }) => {
      await host.declareNewest();
      const reason = asReason(localizable('restartedByAgent'));
      const answer = await mergedAnswer(await targetsOf(await find(host, name)), async ({ client, tree, name: declared }) =>
        declared === undefined
          ? { trees: [await client.restart({ tree: tree.id, now: false, ...reason })], failures: [] }
          : await client.names.restart({ name: declared, ...reason }),
      );
      return outcomeText('restarted', answer);
    },
  }),
  tool({
    name: 'read_output',
    title: 'Read Output',
    description: 'The last lines that a process has printed, also of one that has ended; with a pattern, those that match it.',
    input: z.object({
      process,
      lines: z.int().min(1).max(1000).optional().describe('How many; 50 by default.'),
      pattern: z.string().max(1000).optional().describe('Regular expression (RE2) that the lines match, such as "error|warn".'),
      since: z.string().max(100).optional().describe('How long ago they may have been printed: "10m".'),
      timestamps: z.boolean().optional().describe('Put the time in front of each line.'),
    }),
    changes: false,
    question: ({ process: name }) => `Read the output of ${name}?`,
    run: async (host, { process: name, ...wanted }) => {
      const found = await find(host, name, true);
      const texts = await Promise.all(
        found.map(async (one) => `${found.length > 1 ? `${one.tree.name}:\n` : ''}${await outputOf(one, wanted)}`),
      );
      return texts.join('\n\n') || '(nothing)';
    },
  }),
  tool({
    name: 'send_keys',
    title: 'Send Keys',
    description:
      'Types text and keys into the terminal of a running process (or text and Enter into the pipe that is its stdin): to answer a prompt, or to press a shortcut. Nothing is added: end a line with the key "Enter".',
    input: z.object({
      process,
      keys: z
        .array(z.string().min(1).max(maxKeyText))
        .min(1)
        .max(maxKeys)
        .describe('Text, or names of keys as tmux has them: ["yes", "Enter"], ["C-c"], ["Up", "Enter"], ["F5"].'),
      literal: z.boolean().optional().describe('Take everything as text, also what is the name of a key.'),
    }),
    changes: true,
    question: ({ process: name, keys }) => `Type into ${name}? ${keys.join(' ')}`,
    run: async (host, { process: name, keys, literal = false }) => {
      const [found, another] = await find(host, name);
      if (found === undefined || another) throw new Error(`'${name}' has several instances; name one of them.`);
      await typeInto(found, keys, literal);
      return asText({ sent: keys });
    },
  }),
  tool({
    name: 'wait_until_ready',
    title: 'Wait Until Ready',
    description: 'Waits until a process is ready, by its own probe where it has one; says why when it fails instead.',
    input: z.object({ process, timeoutSeconds: z.number().min(1).max(600).optional().describe('60 by default.') }),
    changes: false,
    question: ({ process: name }) => `Wait until ${name} is ready?`,
    run: async (host, { process: name, timeoutSeconds = 60 }) => {
      const trees = await untilReady(host, name, timeoutSeconds);
      return asText({ ready: trees.map(describe) });
    },
  }),
  tool({
    name: 'who_listens',
    title: 'Who Listens on a Port',
    description: 'Which processes of this user listen on a port, guarded or not: why a port is "already in use".',
    input: z.object({ port: z.int().min(1).max(65535) }),
    changes: false,
    question: ({ port }) => `Look who listens on port ${port}?`,
    run: async (host, { port }) => {
      const [holders, trees] = await Promise.all([host.holders(port), host.trees()]);
      const treeOf = (pid: number): string | undefined =>
        trees.find(({ tree }) => tree.members.some((member) => member.pid === pid))?.tree.name;
      return asText({ port, holders: holders.map(({ pid, name, commandLine }) => ({ pid, name, commandLine, process: treeOf(pid) })) });
    },
  }),
];

/**
 * The trees of this name, or of the pool of this name; the newest one that has ended where none runs and that is wanted.
 * @throws Error where there is none.
 */
async function find(host: AgentHost, written: string, alsoEnded = false): Promise<readonly WardenTree[]> {
  const name = normalName(written);
  const all = await host.trees();
  const named = all.filter(({ tree }) => tree.name === name || tree.pool === name);
  const live = named.filter(({ tree }) => isLive(tree));
  const newest = named.toSorted((a, b) => b.tree.startedAt - a.tree.startedAt).slice(0, 1);
  const found = live.length > 0 || !alsoEnded ? live : newest;
  if (found.length === 0) {
    const names = [...new Set(all.filter(({ tree }) => isLive(tree)).map(({ tree }) => tree.name))].join(', ') || 'nothing';
    throw new Error(`There is no running process '${name}'. Running: ${names}.`);
  }
  return found;
}

/**
 * Looks at every change, until all of them are ready.
 * @throws Error where one of them has failed, or the time is up.
 */
async function untilReady(host: AgentHost, name: string, timeoutSeconds: number): Promise<readonly TreeSnapshot[]> {
  const deadline = performance.now() + timeoutSeconds * 1000;
  // Only of the wardens that are known by then, changes are heard of.
  await host.trees();
  for (;;) {
    // Listens before it looks, so that nothing is missed in between.
    using change = nextChange(host, Math.max(deadline - performance.now(), 0));
    const trees = (await find(host, name, true)).map(({ tree }) => tree);
    // Another one is to take its place, as soon as what it depends on allows it.
    const isAwaited = ({ restarting, successor }: TreeSnapshot): boolean => restarting === true && successor === undefined;
    const failed = trees.find((tree) => !isLive(tree) && !isAwaited(tree));
    if (failed) throw new Error(`'${failed.name}' ${failed.state}: ${failed.reason}. Last output:\n${failed.lastLines?.join('\n') ?? ''}`);
    if (trees.every((tree) => isReady(tree) && tree.health !== 'unhealthy')) return trees;
    if (performance.now() >= deadline)
      throw new Error(
        `'${name}' is not ready after ${timeoutSeconds} s: ${trees.map((tree) => tree.illness ?? stateWord(tree)).join(', ')}.`,
      );
    await change.happened;
  }
}

/** `happened` resolves at the next change of any tree, or after `millis` milliseconds. */
function nextChange(host: AgentHost, millis: number): Disposable & { readonly happened: Promise<void> } {
  let happen = (): void => undefined;
  const happened = new Promise<void>((resolve) => {
    happen = resolve;
  });
  const timer = new LongTimer(happen, millis);
  const subscription = host.onChange(happen);
  return {
    happened,
    [Symbol.dispose]: () => {
      timer.cancel();
      subscription.dispose();
    },
  };
}

/**
 * What has come of a verb, with a sentence for each instance that failed.
 * @throws Error where it succeeded for none.
 */
function outcomeText(done: string, answer: NameAnswer): string {
  const sentences = failureSentences(answer);
  if (answer.trees.length === 0 && sentences.length > 0) throw new Error(sentences.join('\n'));
  return asText({ [done]: answer.trees.map(describe), ...(sentences.length > 0 && { failed: sentences }) });
}

function describe(tree: TreeSnapshot): object {
  const { name, leader, reason, illness, prompt, cpuPercent, memoryBytes, members, commandLine, cwd, restarts } = tree;
  return {
    name,
    state: stateWord(tree),
    reason,
    ...(illness !== undefined && { illness }),
    ...(prompt !== undefined && { waitsForInput: prompt }),
    ...(leader && { pid: leader.pid }),
    ...(members.length > 0 && {
      processes: members.length,
      cpuPercent: Math.round(cpuPercent),
      memoryMegabytes: Math.round(memoryBytes / 2 ** 20),
    }),
    ...(describePorts(members) && { ports: describePorts(members) }),
    ...(restarts !== undefined && { restarts }),
    commandLine,
    cwd,
  };
}

/** For the person who is asked: what a command can do depends on it. */
function describeIsolation(
  isolate: { readonly network?: boolean | undefined; readonly write?: readonly string[] | undefined } | undefined,
): string {
  if (isolate === undefined) return '';
  const { network = false, write = [] } = isolate;
  return ` isolated, ${network ? 'with network' : 'without network'}, writing to ${write.length > 0 ? write.join(', ') : 'nothing'}`;
}

function checkedName(written: string): string {
  const name = normalName(written);
  const problem = nameProblem(name);
  if (problem !== undefined) throw new Error(`A process cannot be named like this: ${problem}.`);
  return name;
}

function firstWord(command: string): string {
  return nameFrom(command.trim().split(/\s+/, 1)[0]?.split('/').at(-1) ?? '', 'command');
}

function asText(value: object): string {
  return JSON.stringify(value, null, 2);
}
