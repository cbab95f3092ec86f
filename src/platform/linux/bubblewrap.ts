/** Isolation by bwrap(1): namespaces for files, processes, network and IPC, and none of root's capabilities. */
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import type { Container } from '../container.ts';
import { type Isolation, IsolationError, type IsolationOffer, type IsolationSurroundings, type Isolator } from '../isolation.ts';
import type { Libc } from './libc.ts';
import { adviceFor, deafToKeys, init, initThatWaitsForAll } from './namespaces.ts';
import { mountsFor } from './sandboxMounts.ts';

/**
 * Where it is looked for. Not in PATH: in the scripts of a package that begins with a folder of the workspace, whose `bwrap` could be any program.
 */
const places = ['/usr/bin/bwrap', '/usr/local/bin/bwrap', '/bin/bwrap', '/run/current-system/sw/bin/bwrap', '/run/wrappers/bin/bwrap'];

/** How long it may take to try it out, in milliseconds. */
const trialMillis = 5000;

const missing: IsolationOffer = {
  available: false,
  why: 'bubblewrap is not installed',
  advice:
    'Install it: apt install bubblewrap (Debian, Ubuntu), dnf install bubblewrap (Fedora), pacman -S bubblewrap (Arch), apk add bubblewrap (Alpine).',
};

/**
 * Variables that name sockets and folders which an isolated process does not have; and the folder of this warden's records.
 */
const goneVariables = [
  'SSH_AUTH_SOCK',
  'SSH_AGENT_PID',
  'GPG_AGENT_INFO',
  'DBUS_SESSION_BUS_ADDRESS',
  'XDG_RUNTIME_DIR',
  'DOCKER_HOST',
  'WAYLAND_DISPLAY',
  'DISPLAY',
  'TMUX',
  'STY',
  'VSCODE_IPC_HOOK_CLI',
  'VSCODE_GIT_IPC_HANDLE',
  'VSCODE_GIT_ASKPASS_NODE',
  'VSCODE_GIT_ASKPASS_MAIN',
  'GIT_ASKPASS',
  'TREE_WARDEN_RUNTIME_DIR',
];

export class Bubblewrap implements Isolator {
  readonly #libc: Pick<Libc, 'closeOnExec'> | undefined;
  readonly #program: string | undefined;
  readonly #isRoot: boolean;
  /** Kept where it works: what is missing may be installed meanwhile. */
  #works: { readonly boundsTmp: boolean } | undefined;

  /** `libc`: undefined where native calls are not available. */
  constructor(
    libc: Pick<Libc, 'closeOnExec'> | undefined,
    program = process.env['TREE_WARDEN_BWRAP'] || places.find((place) => existsSync(place)),
    isRoot = process.getuid?.() === 0,
  ) {
    this.#libc = libc;
    this.#program = program;
    this.#isRoot = isRoot;
  }

  offer(): IsolationOffer {
    if (this.#program === undefined) return missing;
    try {
      this.#tryOut();
      return {
        available: true,
        why: 'bubblewrap: files read-only but for some folders, a /tmp and a PID namespace of its own, no network',
      };
    } catch (error) {
      const { message } = error as Error;
      return { ...missing, why: message, ...(!message.startsWith('there is no ') && { advice: adviceFor(message) }) };
    }
  }

  async isolate(container: Container, isolation: Isolation, surroundings: IsolationSurroundings): Promise<Container> {
    const { available, why, advice = '' } = this.offer();
    if (!available)
      throw new IsolationError(`Processes cannot be isolated here: ${why}. ${advice} Nothing was started.`.replace('  ', ' '));
    const { boundsTmp } = this.#tryOut();
    const { cwd, survivesWarden } = surroundings;
    const mounts = await mountsFor(isolation, surroundings, boundsTmp);
    const prefix: readonly string[] = [
      ...this.#namespaces(isolation.network),
      ...(survivesWarden ? [] : ['--die-with-parent']),
      ...mounts,
      // Root may write there without any capability: to /proc/sys/kernel/core_pattern, which names a program that the kernel runs.
      ...(this.#isRoot ? ['--remount-ro', '/proc'] : []),
      ...goneVariables.flatMap((name) => ['--unsetenv', name]),
      ...(isolation.tmp === 'private' ? ['--setenv', 'TMPDIR', '/tmp'] : []),
      ...['--chdir', cwd, '--'],
    ];
    return {
      ...container,
      // As in a PID namespace without isolation: bwrap and the first process inside do not end by gentle signals.
      hasInitProcess: true,
      // Instead of what makes a PID namespace for a container: this one has one already.
      enter: (spawn) => {
        this.#keepDescriptors();
        return container.enter(spawn);
      },
      wrap: (argv, waitsForAll) => [...deafToKeys, ...prefix, ...insideInit(argv, waitsForAll)],
    };
  }

  /** Without capabilities: root could mount anew what is read-only here. Other users get a user namespace, and have none outside of it. */
  #namespaces(network: boolean): string[] {
    return [
      this.#program ?? '',
      ...(this.#isRoot ? ['--cap-drop', 'ALL'] : []),
      ...['--unshare-pid', '--unshare-ipc', '--unshare-uts', '--as-pid-1'],
      ...(network ? [] : ['--unshare-net']),
    ];
  }

  /**
   * What this process has inherited itself (from an editor, or from a shell), and has no use for, gets into what it starts: Node keeps only the first
   * few from that. A folder among these would be a way out.
   * @throws IsolationError where that cannot be prevented.
   */
  #keepDescriptors(): void {
    if (this.#libc !== undefined && this.#libc.closeOnExec(firstDescriptor) >= 0) return;
    const leaked = inheritedFrom(firstDescriptor);
    if (leaked.length > 0)
      throw new IsolationError(
        `Processes cannot be isolated here: they would inherit descriptors of the program that has started Tree Warden (${leaked.join(', ')}), which cannot be closed without native calls or before Linux 5.11. Nothing was started.`,
      );
  }

  /** Takes some tens of milliseconds the first time. @throws Error with what is wrong, as a clause. */
  #tryOut(): { readonly boundsTmp: boolean } {
    this.#works ??= this.#run();
    return this.#works;
  }

  #run(): { readonly boundsTmp: boolean } {
    const help = outputOf([this.#program ?? '', '--help']);
    const mounts = ['--ro-bind', '/', '/', '--dev', '/dev', '--proc', '/proc', '--tmpfs', '/tmp', '--'];
    outputOf([...deafToKeys, ...this.#namespaces(false), '--die-with-parent', ...mounts, ...insideInit(['true'], false)]);
    return { boundsTmp: help.includes('--size ') };
  }
}

/** Behind stdin, stdout and stderr. */
const firstDescriptor = 3;
/** O_CLOEXEC of open(2), on every architecture that Node runs on. */
const closesOnExec = 0o2000000;

/** Descriptors of this process that stay open in a program that it starts: see proc_pid_fdinfo(5). */
function inheritedFrom(from: number): number[] {
  return readdirSync('/proc/self/fd')
    .map(Number)
    .filter((fd) => {
      if (fd < from) return false;
      try {
        const [, flags = ''] = /^flags:\s*([0-7]+)/m.exec(readFileSync(`/proc/self/fdinfo/${fd}`, 'utf8')) ?? [];
        return (Number.parseInt(flags, 8) & closesOnExec) === 0;
      } catch {
        return false; // The one by which the list was read.
      }
    });
}

function insideInit(argv: readonly string[], waitsForAll: boolean): string[] {
  return ['/bin/sh', '-c', waitsForAll ? initThatWaitsForAll : init, 'tree-warden-init', ...argv];
}

/**
 * Waits for it in this very turn: an end that the warden hears of later, it may collect itself, as that of an orphan.
 * @throws Error with the first line that it printed to stderr, or how it ended.
 */
function outputOf([program, ...args]: readonly [string, ...string[]]): string {
  const { error, status, signal, stdout, stderr } = spawnSync(program, args, {
    encoding: 'utf8',
    timeout: trialMillis,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  if (error) throw new Error((error as NodeJS.ErrnoException).code === 'ENOENT' ? `there is no ${program}` : error.message);
  if (status === 0) return `${stdout}${stderr}`;
  // 125 is env's own failure, whose words the first process inside does not let through.
  if (status === 125) throw new Error('env(1) has no --default-signal');
  throw new Error(stderr.trim().split('\n')[0] || `bwrap ended with ${signal ?? `status ${status}`}`);
}
