/** A real sshd(8) of a test's own on the loopback, or in a network of its own, with keys of its own. What a session of it sees of this machine, a test can change. */
import { type ChildProcess, execFileSync, spawn, spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { createConnection } from 'node:net';
import { tmpdir, userInfo } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { NamedPorts } from '../../src/loopback/namedPorts.ts';
import type { NodeNetwork } from './nodeNetwork.ts';
import { eventually, exitOf } from './run.ts';
import { isAlive, killIfThere } from './survivors.ts';

const program = '/usr/sbin/sshd';
/** What a session has that has no Node.js. */
const shellPrograms = ['sh', 'bash', 'env', 'setsid', 'sleep', 'mkdir', 'mv', 'rm', 'tar', 'gzip', 'unshare', 'mount'];
const repository = dirname(dirname(fileURLToPath(new URL('.', import.meta.url))));

/** How the machine looks to a session. */
export interface NodeLooks {
  /** Folder for what Tree Warden keeps there: its records, logs and copies. */
  readonly folder: string;
  /** Neither this program nor the Node.js that runs the test are where they are here; needs root. */
  readonly isOtherMachine?: true;
  /** What `node` is there: the one of this test, none, or one that is too old. */
  readonly node?: 'same' | 'none' | 'old';
  /** Program that runs the command of a session, instead of the user's shell. */
  readonly shell?: string;
  /** Printed by the login before anything else. */
  readonly greeting?: string;
}

/** Why there can be none here; undefined where there can. */
export function whyNoSshServer(): string | undefined {
  if (spawnSync('ssh', ['-V']).error) return 'ssh is not installed';
  return spawnSync(program, ['-V']).error ? 'sshd is not installed' : undefined;
}

export class SshServer implements AsyncDisposable {
  readonly folder = mkdtempSync(join(tmpdir(), 'tw-ssh-'));
  readonly port: number;
  readonly #network: NodeNetwork | undefined;
  #daemon: ChildProcess | undefined;

  /** @throws Error where it does not come up. */
  static async start(network?: NodeNetwork): Promise<SshServer> {
    const server = new SshServer(await new NamedPorts().portFor('sshd'), network);
    try {
      await server.#begin();
      return server;
    } catch (error) {
      await server[Symbol.asyncDispose]();
      throw error;
    }
  }

  private constructor(port: number, network: NodeNetwork | undefined) {
    this.port = port;
    this.#network = network;
  }

  /** The address that it listens at. */
  get host(): string {
    return this.#network?.there ?? '127.0.0.1';
  }

  /** Options of ssh(1) that reach it as this user, and nothing of the user's own. */
  options(looks?: NodeLooks): string[] {
    const variables: Readonly<Record<string, string>> = looks
      ? {
          TREE_WARDEN_RUNTIME_DIR: join(looks.folder, 'runtime'),
          XDG_STATE_HOME: join(looks.folder, 'state'),
          XDG_CACHE_HOME: join(looks.folder, 'cache'),
          ...(looks.isOtherMachine && { TEST_HIDES: repository }),
          ...(looks.node && { TEST_NODE: looks.node }),
          ...(looks.shell && { TEST_SHELL: looks.shell }),
          ...(looks.greeting && { TEST_GREETING: looks.greeting }),
        }
      : {};
    const words = Object.entries(variables).map(([name, value]) => `"${name}=${value}"`);
    return [
      ...['-F', 'none', '-p', `${this.port}`, '-i', this.#file('user')],
      ...['-o', 'IdentitiesOnly=yes', '-o', 'IdentityAgent=none', '-o', `UserKnownHostsFile=${this.#file('known')}`],
      ...(words.length > 0 ? ['-o', `SetEnv=${words.join(' ')}`] : []),
    ];
  }

  /** Further options of ssh(1): each connection has a sshd of its own, in the network namespace of this process. */
  inNetworkOf(pid: number): string[] {
    return ['-o', `ProxyCommand=nsenter --target ${pid} --net ${program} -i -f ${this.#file('config')}`];
  }

  get pid(): number {
    const pid = this.#daemon?.pid;
    if (pid === undefined || !isAlive(pid)) throw new Error('sshd does not run');
    return pid;
  }

  /** Of the processes of its connections, which are sshd(8) as well; not of what these have started. */
  connections(): number[] {
    const below = (pid: number): number[] =>
      childrenOf(pid).flatMap((child) => (nameOf(child).startsWith('sshd') ? [child, ...below(child)] : []));
    return below(this.pid);
  }

  /** As where the network is cut: nothing is closed, and nothing answers. Until {@link restore}. */
  cut(): void {
    for (const pid of [this.pid, ...this.connections()]) killIfThere(pid, 'SIGSTOP');
  }

  restore(): void {
    for (const pid of [...this.connections(), this.pid]) killIfThere(pid, 'SIGCONT');
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const daemon = this.#daemon;
    if (daemon?.pid !== undefined && isAlive(daemon.pid)) {
      this.restore();
      for (const pid of this.connections()) killIfThere(pid, 'SIGKILL');
      daemon.kill('SIGKILL');
      await exitOf(daemon);
    }
    rmSync(this.folder, { recursive: true, force: true, maxRetries: 5 });
  }

  #file(name: string): string {
    return join(this.folder, name);
  }

  async #begin(): Promise<void> {
    // Sessions of the same user only; as root it wants this folder, which a system that has never run it does not have.
    if (process.getuid?.() === 0) mkdirSync('/run/sshd', { recursive: true, mode: 0o755 });
    for (const key of ['host', 'user']) execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', this.#file(key)]);
    writeFileSync(this.#file('known'), `[${this.host}]:${this.port} ${readFileSync(this.#file('host.pub'), 'utf8')}`);
    writeFileSync(this.#file('session.sh'), sessionScript(this.folder));
    chmodSync(this.#file('session.sh'), 0o755);
    mkdirSync(this.#file('old'));
    // As one of a version below 20 ends when it is asked for its version.
    writeFileSync(this.#file('old/node'), '#!/bin/sh\nexit 1\n', { mode: 0o755 });
    for (const folder of ['home', 'same', 'none']) mkdirSync(this.#file(folder));
    for (const name of shellPrograms) symlinkSync(join('/usr/bin', name), this.#file(`none/${name}`));
    writeFileSync(this.#file('config'), this.#configuration());
    const [command, ...args] = [...(this.#network?.enter ?? []), program, '-D', '-e', '-f', this.#file('config')];
    const daemon = spawn(command ?? '', args, { stdio: ['ignore', 'ignore', 'pipe'] });
    this.#daemon = daemon;
    let log = '';
    daemon.stderr.setEncoding('utf8').on('data', (text: string) => {
      log += text;
    });
    await eventually('sshd listens', () => {
      if (daemon.exitCode !== null) throw new Error(`sshd has ended: ${log}`);
      return this.#accepts();
    });
  }

  #accepts(): Promise<boolean> {
    return new Promise((resolve) => {
      const socket = createConnection(this.port, this.host, () => {
        socket.destroy();
        resolve(true);
      }).once('error', () => resolve(false));
    });
  }

  #configuration(): string {
    return [
      `ListenAddress ${this.host}`,
      `Port ${this.port}`,
      `HostKey ${this.#file('host')}`,
      `AuthorizedKeysFile ${this.#file('user.pub')}`,
      `AllowUsers ${userInfo().username}`,
      'PermitRootLogin yes',
      'StrictModes no',
      'PidFile none',
      'UsePAM no',
      'PasswordAuthentication yes',
      'KbdInteractiveAuthentication no',
      'MaxStartups 100',
      'MaxSessions 100',
      'PrintMotd no',
      // Not the user's: its files for shells may print, and take their time.
      `SetEnv HOME=${this.#file('home')}`,
      'AcceptEnv TREE_WARDEN_* XDG_* TEST_*',
      `ForceCommand ${this.#file('session.sh')}`,
      '',
    ].join('\n');
  }
}

/** What each session runs: makes the machine look as the test wants it, and gives the command to the shell. */
function sessionScript(folder: string): string {
  return `#!/bin/sh
if [ -n "$TEST_HIDES" ]; then
  hides=$TEST_HIDES; unset TEST_HIDES
  export hides
  exec unshare --mount --propagation private /bin/sh -c 'mount --bind ${quoted(dirname(process.execPath))} ${quoted(join(folder, 'same'))} &&
    mount -t tmpfs none "$hides" && unset hides && exec ${quoted(join(folder, 'session.sh'))}'
fi
case "$TEST_NODE" in
  same) PATH=${quoted(join(folder, 'same'))}:/usr/bin:/bin ;;
  old) PATH=${quoted(join(folder, 'old'))}:${quoted(join(folder, 'none'))} ;;
  none) PATH=${quoted(join(folder, 'none'))} ;;
esac
export PATH
[ -z "$TEST_GREETING" ] || echo "$TEST_GREETING"
exec "\${TEST_SHELL:-\${SHELL:-/bin/sh}}" -c "$SSH_ORIGINAL_COMMAND"
`;
}

/** For a word between single quotes, too, as no folder here has one. */
function quoted(path: string): string {
  if (/['"$\\]/.test(path)) throw new Error(`${path} cannot be quoted`);
  return `"${path}"`;
}

function childrenOf(pid: number): number[] {
  try {
    return readdirSync(`/proc/${pid}/task`).flatMap((task) =>
      readFileSync(`/proc/${pid}/task/${task}/children`, 'utf8').split(' ').filter(Boolean).map(Number),
    );
  } catch {
    return []; // It has just ended.
  }
}

function nameOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/comm`, 'utf8').trim();
  } catch {
    return '';
  }
}
