import type { SshRunner } from '../protocol/runner.ts';
import { forLoginShell, nodeScript, noNode, noProgram, quoted, wardenScript } from './nodeScript.ts';
import { ask } from './programs.ts';
import type { CommandLine, NodeRunner, Placement, Placing, RunnerSettings } from './runner.ts';

/** Asks nothing, and notices a connection that is dead: ssh_config(5). */
const options = ['-T', '-o', 'BatchMode=yes', '-o', 'ConnectTimeout=15', '-o', 'ServerAliveInterval=5', '-o', 'ServerAliveCountMax=3'];

/** For the connection, and what is run there, in milliseconds. */
const answerMillis = 60_000;

/** A machine by OpenSSH's own client, with the user's own keys and configuration. */
export class SshNode implements NodeRunner {
  readonly #runner: SshRunner;
  readonly #settings: RunnerSettings;

  constructor(runner: SshRunner, settings: RunnerSettings) {
    this.#runner = runner;
    this.#settings = settings;
  }

  /** The warden is in a session of its own there: it is to see by its lease that the connection has ended, and may be reached by another one. */
  async place(tell: (placing: Placing) => void, signal: AbortSignal): Promise<Placement> {
    const { host } = this.#runner;
    const { places, lease } = this.#settings;
    tell({ phase: 'connecting', node: host });
    const script = wardenScript(places, lease, this.#runner.leaseMillis);
    const begin = `command -v setsid >/dev/null 2>&1 && s=setsid || s=; $s sh -c ${quoted(script)} </dev/null >/dev/null 2>&1 & :`;
    const started = await ask(this.reach(begin), { signal });
    signal.throwIfAborted();
    if (started.code !== 0) throw new Error(explained(host, started.problem));
    return { node: host };
  }

  reach(script: string): CommandLine {
    const { extra = [], host } = this.#runner;
    return ['ssh', ...options, ...extra, '--', host, forLoginShell(script)];
  }

  async end(): Promise<void> {
    const { places, lease, stopMillis } = this.#settings;
    const timeoutMillis = stopMillis + answerMillis;
    const { code, problem } = await ask(this.reach(nodeScript(places, 'end-here', lease)), { timeoutMillis });
    // What has never run there has left nothing.
    if (code !== 0 && code !== noNode && code !== noProgram) throw new Error(explained(this.#runner.host, problem));
  }
}

/** What can be done about what ssh(1) says. */
const advice: readonly (readonly [RegExp, (host: string) => string])[] = [
  [
    /Host key verification failed/,
    (host) => `its key is not known here, or is another one than before: connect once by "ssh ${host}", and accept it`,
  ],
  [
    /Permission denied|Too many authentication failures/,
    (host) =>
      `ssh is used without a question: "ssh -o BatchMode=yes ${host}" has to work, by a key without a passphrase, or one that ssh-add has loaded`,
  ],
  [/Could not resolve hostname/, () => 'the "host" of the runner is a name that the DNS or a Host of ~/.ssh/config knows'],
  [
    /Connection refused|timed out|No route to host|Network is unreachable/,
    () => 'is the machine up, and does its sshd listen on this port? Another one is { "extra": ["-p", "2222"] }',
  ],
  [/^ssh: spawn .*ENOENT|^spawn ssh ENOENT/, () => 'OpenSSH is not installed here'],
];

/** What was tried, on what, what was answered, and what to do. */
export function explained(host: string, problem: string): string {
  const hint = advice.find(([pattern]) => pattern.test(problem))?.[1](host);
  return `ssh ${host}: ${problem.replace(/^ssh: /, '').replace(/\.$/, '')}${hint === undefined ? '' : ` (${hint})`}`;
}
