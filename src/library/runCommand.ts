import { finished } from 'node:stream/promises';
import { formatBytes } from '../protocol/format.ts';
import { CommandError, type Run, type RunResult, type Spawn, type Tree } from './api.ts';
import { runOptionsFrom } from './options.ts';

const defaultMaxBuffer = 100 * 2 ** 20;

interface Collected {
  readonly text: string;
  /** Why it is not all, as a clause. */
  readonly problem?: string;
}

/** Commands that are run to their end, by means of those that are started; their stderr is read. */
export function runBy(spawn: Spawn): Run {
  return async (command, given = {}) => {
    // Before anything is started.
    const { input, maxBuffer = defaultMaxBuffer } = runOptionsFrom(given);
    const { input: _input, maxBuffer: _maxBuffer, ...options } = given;
    const tree = await spawn(command, { ...options, stdin: 'pipe' });
    tree.stdin.end(input);
    const [stdout, stderr] = await Promise.all([collect(tree, 'stdout', maxBuffer), collect(tree, 'stderr', maxBuffer)]);
    const exit = await tree.exited;
    options.signal?.throwIfAborted();
    return resultOf(tree.name, { stdout: stdout.text, stderr: stderr.text, exit }, stdout.problem ?? stderr.problem);
  };
}

/** @throws CommandError */
function resultOf(name: string, result: RunResult, problem: string | undefined): RunResult {
  const trimmed = { ...result, stdout: withoutLineBreak(result.stdout), stderr: withoutLineBreak(result.stderr) };
  if (problem === undefined && result.exit.code === 0 && result.exit.state !== 'failed') return trimmed;
  const lastLine = trimmed.stderr.split('\n').at(-1);
  const said = lastLine ? ` It said: ${lastLine}` : '';
  throw new CommandError(`“${name}” failed: ${problem ?? result.exit.reason}.${said}`, trimmed);
}

function withoutLineBreak(text: string): string {
  return text.replace(/\r?\n$/, '');
}

async function collect(tree: Tree, name: 'stdout' | 'stderr', maxBytes: number): Promise<Collected> {
  const stream = tree[name];
  // It goes elsewhere.
  if (stream.readableFlowing !== null) {
    await finished(stream).catch(() => undefined);
    return { text: '' };
  }
  const chunks: Buffer[] = [];
  let left = maxBytes;
  for await (const chunk of stream as AsyncIterable<Buffer>) {
    chunks.push(chunk.subarray(0, left));
    left -= chunk.length;
    if (left >= 0) continue;
    const problem = `it printed more than ${formatBytes(maxBytes)} to ${name}`;
    await tree.stop(problem);
    return { text: Buffer.concat(chunks).toString(), problem };
  }
  return { text: Buffer.concat(chunks).toString() };
}
