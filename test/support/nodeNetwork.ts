/** A network of its own for what stands for another machine: a cable from here to there, which can be pulled. It needs root, and ip(8). */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { randomInt } from 'node:crypto';
import { readlinkSync } from 'node:fs';
import { eventually, exitOf } from './run.ts';

/** Networks of two addresses in 198.18.0.0/15, which is for tests (RFC 2544) and in no use elsewhere. */
const networks = 2 ** 15;
const maxAttempts = 20;

/** Why there can be none here; undefined where there can. */
export function whyNoNetwork(): string | undefined {
  if (process.getuid?.() !== 0) return 'a network of its own needs root';
  try {
    execFileSync('ip', ['-V'], { stdio: 'ignore' });
    execFileSync('unshare', ['--net', 'true'], { stdio: 'ignore' });
    return undefined;
  } catch {
    return 'ip or unshare is not installed, or may make no network';
  }
}

/** Nothing of it is left when the process that has made it has ended, however that ends. */
export class NodeNetwork implements AsyncDisposable {
  /** Of this side, and of the other one. */
  readonly here: string;
  readonly there: string;
  /** Lives for as long as this process, and has the network for as long. */
  readonly #holder: ChildProcess;
  readonly #link: string;

  static async create(): Promise<NodeNetwork> {
    const holder = spawn('unshare', ['--net', 'cat'], { stdio: ['pipe', 'ignore', 'ignore'] });
    const own = readlinkSync('/proc/self/ns/net');
    await eventually('it has a network', () => readlinkSync(`/proc/${holder.pid}/ns/net`) !== own);
    for (let attempt = 1; ; attempt++) {
      const number = randomInt(networks);
      try {
        // The name is the lock: there is one link of it.
        ip('link', 'add', nameOf(number), 'type', 'veth', 'peer', 'name', 'uplink', 'netns', `${holder.pid}`);
        return new NodeNetwork(holder, number);
      } catch (error) {
        if (attempt < maxAttempts) continue;
        holder.kill('SIGKILL');
        throw error;
      }
    }
  }

  private constructor(holder: ChildProcess, number: number) {
    const address = (host: number): string => `198.${18 + (number >> 14)}.${(number >> 6) & 255}.${((number & 63) << 2) + host}`;
    this.#holder = holder;
    this.#link = nameOf(number);
    this.here = address(1);
    this.there = address(2);
    ip('address', 'add', `${this.here}/30`, 'dev', this.#link);
    ip('link', 'set', this.#link, 'up');
    this.#there('address', 'add', `${this.there}/30`, 'dev', 'uplink');
    this.#there('link', 'set', 'lo', 'up');
    this.#plugIn();
    // This side is not told that the other one is gone: what it sends is lost, as behind a switch.
    const [mac = ''] = this.#there('-brief', 'link', 'show', 'uplink').match(/(?:[\da-f]{2}:){5}[\da-f]{2}/) ?? [];
    ip('neighbor', 'replace', this.there, 'lladdr', mac, 'nud', 'permanent', 'dev', this.#link);
  }

  /** In front of the command line of what is to be there; it becomes that. */
  get enter(): readonly [string, ...string[]] {
    return ['nsenter', `--net=/proc/${this.#holder.pid}/ns/net`, '--'];
  }

  /** Pulls the cable out of the other side, until {@link restore}. */
  cut(): void {
    this.#there('link', 'set', 'uplink', 'down');
  }

  restore(): void {
    this.#plugIn();
  }

  /** When what runs there has ended, the kernel removes it. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#holder.stdin?.end();
    await exitOf(this.#holder);
  }

  #plugIn(): void {
    this.#there('link', 'set', 'uplink', 'up');
    // Gone with the link, as every route over it; other addresses of this side are behind it as well.
    this.#there('route', 'replace', 'default', 'via', this.here);
  }

  #there(...args: readonly string[]): string {
    const [program, ...words] = this.enter;
    return execFileSync(program, [...words, 'ip', ...args], { encoding: 'utf8' });
  }
}

function nameOf(number: number): string {
  return `tw${number}`;
}

function ip(...args: readonly string[]): string {
  return execFileSync('ip', args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
}
