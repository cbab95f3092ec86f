import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  closeSync,
  createReadStream,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { after, describe, it } from 'node:test';
import { loadLibc, NativeLibraryError } from '../../../src/platform/linux/libc.ts';
import { LinuxPrograms } from '../../../src/platform/linux/linuxPrograms.ts';
import { ProcFs } from '../../../src/platform/linux/procfs.ts';
import { openTerminal } from '../../../src/platform/linux/terminals.ts';
import type { ChildEnd, Program } from '../../../src/platform/programs.ts';

const libc = await loadLibc();
if (libc instanceof NativeLibraryError || libc.posixSpawn === undefined) throw new Error('there is no posix_spawn(3) here');
const native = libc;
const programs = new LinuxPrograms(libc.posixSpawn, libc);
const folder = realpathSync(mkdtempSync(join(tmpdir(), 'tw-programs-')));
after(() => rmSync(folder, { recursive: true }));

/** Signals 32 and 33, of which programs know nothing: glibc has its own children ignore them. */
const ofTheLibrary = 0b11n << 31n;

function endOf(program: Program): Promise<ChildEnd> {
  return new Promise((resolve) => programs.spawn(program, resolve));
}

/** Runs it with its stdout and stderr in one pipe. */
async function run(
  file: string,
  args: readonly string[] = [],
  changes: Partial<Program> = {},
): Promise<ChildEnd & { readonly output: string }> {
  const [stdin, ourStdin] = programs.openPipe();
  const [output, itsOutput] = programs.openPipe();
  const end = endOf({ file, argv0: file, args, cwd: folder, env: {}, stdio: [stdin, itsOutput, itsOutput], ...changes });
  end.catch(() => undefined);
  for (const fd of [stdin, ourStdin, itsOutput]) closeSync(fd);
  const printed = await text(createReadStream('', { fd: output }));
  return { ...(await end), output: printed };
}

describe('a program that the platform starts', () => {
  it('has its arguments, its folder, its environment, and a session of its own', async () => {
    const { code, signal, output } = await run(
      '/bin/sh',
      ['-c', 'echo "$0 $1 $A $(pwd) $(cut -d" " -f1,5,6 /proc/$$/stat)"', 'zero', 'öne'],
      {
        argv0: 'shell',
        env: { A: 'ä b' },
      },
    );
    const [, pid] = output.match(/ (\d+) \d+ \d+\n$/) ?? [];
    assert.deepEqual([code, signal, output], [0, 0, `zero öne ä b ${folder} ${pid} ${pid} ${pid}\n`]);
  });

  it('has no descriptor but its three', async () => {
    const { output } = await run('/bin/ls', ['/proc/self/fd']);
    // This process may have inherited some that it leaves to all that it starts.
    assert.equal(output, spawnSync('/bin/ls', ['/proc/self/fd'], { encoding: 'utf8' }).stdout);
  });

  it('has every signal as the system has it, and none is held back', async () => {
    process.on('SIGUSR2', ignore);
    const { output } = await run('/bin/cat', ['/proc/self/status']);
    process.off('SIGUSR2', ignore);
    const sets = Array.from(output.matchAll(/^Sig(?:Blk|Ign|Cgt):\t([0-9a-f]+)$/gm), ([, set]) => BigInt(`0x${set}`) & ~ofTheLibrary);
    assert.deepEqual(sets, [0n, 0n, 0n]);
  });

  it('tells of its end: a code, a signal, a realtime signal', async () => {
    for (const [command, end] of [
      ['exit 7', { code: 7, signal: 0 }],
      ['kill -TERM $$', { code: null, signal: 15 }],
      ['kill -36 $$', { code: null, signal: 36 }],
    ] as const) {
      const { code, signal } = await run('/bin/sh', ['-c', command]);
      assert.deepEqual({ code, signal }, end);
    }
  });

  it('may be a script that names no interpreter', async () => {
    const script = join(folder, 'script');
    writeFileSync(script, 'echo "$# $1"\n');
    chmodSync(script, 0o755);
    assert.equal((await run(script, ['a b'])).output, '1 a b\n');
  });

  it('that cannot be run is an error, and leaves no descriptor', async () => {
    const before = readdirSync('/proc/self/fd').length;
    await assert.rejects(run('/nowhere/at/all'), { code: 'ENOENT' });
    await assert.rejects(run('/bin/true', ['x'.repeat(2 ** 18)]), { code: 'E2BIG' });
    await assert.rejects(run('/bin/true', [], { cwd: '/nowhere' }), { code: 'ENOENT' });
    assert.equal(readdirSync('/proc/self/fd').length, before);
  });

  it('has the terminal as its controlling one', async () => {
    const terminal = openTerminal(native, new ProcFs()) ?? assert.fail();
    const seen = join(folder, 'seen');
    const args = ['-c', `{ tty; : > /dev/tty && echo it is; } > ${seen}; test -t 0 -a -t 1 -a -t 2`];
    const end = await endOf({ file: '/bin/sh', argv0: 'sh', args, cwd: '/', env: {}, stdio: terminal.path });
    assert.deepEqual(end, { code: 0, signal: 0 });
    for (const fd of [terminal.master, terminal.slave]) closeSync(fd);
    assert.equal(readFileSync(seen, 'utf8'), `${terminal.path}\nit is\n`);
  });
});

function ignore(): void {}
