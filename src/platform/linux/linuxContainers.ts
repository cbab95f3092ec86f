import {
  type Container,
  type Containment,
  ContainmentError,
  type ContainmentOffer,
  containerOf,
  type JoinedContainer,
  uncontained,
} from '../container.ts';
import { Cgroup, type CgroupRoot, cgroupRootPaths, makeCgroupRoot, removeIfEmpty, rootPrefix, spawnInCgroup } from './cgroups.ts';
import { detectNamespaces, enteringNamespaces, type NamespaceOffer, wrapInNamespace } from './namespaces.ts';

/** The containers of one warden. What the machine has is tried out at the first need, and remembered. */
export class LinuxContainers {
  readonly cgroupRoots: readonly string[];
  readonly #rootName: string;
  #root: CgroupRoot | Error | undefined;
  #namespaces: NamespaceOffer | undefined;

  /** `owner`: the id of the warden, for the name under which its cgroups are found. */
  constructor(owner: string) {
    this.#rootName = `${rootPrefix}${owner}`;
    this.cgroupRoots = cgroupRootPaths(this.#rootName);
  }

  offers(): ContainmentOffer[] {
    return [this.#offerCgroup(), this.#offerNamespace(), groupOffer, jobOffer];
  }

  /** @throws ContainmentError where the machine does not have it. */
  contain(requested: Containment | 'auto', tree: string): Container {
    if (requested === 'job') throw new ContainmentError('"job" is for Windows; on Linux use "auto", "cgroup", "namespace" or "group".');
    if (requested === 'group') return uncontained;
    const cgroup = this.#makeCgroup(tree, requested);
    if (requested !== 'namespace') return cgroup ? inCgroup(cgroup) : uncontained;
    const { prefix, why, advice = '' } = this.#tryNamespaces();
    if (prefix === undefined) {
      cgroup?.dispose();
      throw new ContainmentError(`PID namespaces are not available here: ${why}. ${advice}`);
    }
    // A cgroup beneath it has the kernel hold the limits.
    const beneath = cgroup ? inCgroup(cgroup) : uncontained;
    return {
      ...beneath,
      containment: 'namespace',
      hasInitProcess: true,
      wrap: (argv, waitsForAll) => wrapInNamespace(prefix, argv, waitsForAll),
    };
  }

  /** A cgroup within that one: the kernel counts what is in it toward the limits of both, and kills both as one. */
  async join({ container, leader, cwd }: JoinedContainer, tree: string): Promise<Container> {
    const { path } = container;
    if (!container.hasInitProcess) return path === null ? uncontained : within(path, tree);
    const entering = await enteringNamespaces(leader, cwd);
    const beneath = path === null ? uncontained : within(path, tree);
    return { ...beneath, containment: 'namespace', hasInitProcess: true, wrap: (argv) => [...entering, ...argv] };
  }

  #makeCgroup(tree: string, requested: Containment | 'auto'): Cgroup | undefined {
    try {
      return this.#makeIn(this.#openRoot(), tree);
    } catch (error) {
      if (requested === 'cgroup')
        throw new ContainmentError(`Cgroups are not available here: ${(error as Error).message}. ${cgroupAdvice}`);
      return undefined;
    }
  }

  #makeIn(root: CgroupRoot | Error, tree: string): Cgroup {
    if (root instanceof Error) throw root;
    try {
      return Cgroup.make(root, tree);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
      // The root was empty, and another process has removed it.
      this.#root = undefined;
      const another = this.#openRoot();
      if (another instanceof Error) throw another;
      return Cgroup.make(another, tree);
    }
  }

  #openRoot(): CgroupRoot | Error {
    if (this.#root === undefined) {
      try {
        this.#root = makeCgroupRoot(this.#rootName);
      } catch (error) {
        this.#root = error as Error;
      }
    }
    return this.#root;
  }

  #tryNamespaces(): NamespaceOffer {
    this.#namespaces ??= detectNamespaces();
    return this.#namespaces;
  }

  #offerCgroup(): ContainmentOffer {
    const root = this.#openRoot();
    if (root instanceof Error) return { containment: 'cgroup', available: false, why: root.message, advice: cgroupAdvice };
    const limits =
      root.controllers.length > 0
        ? `limits by ${root.controllers.join(', ')}`
        : 'limits by sampling, because no controllers are handed down to it';
    return { containment: 'cgroup', available: true, why: `a cgroup for each tree, killed as one; ${limits}` };
  }

  #offerNamespace(): ContainmentOffer {
    const { prefix, why, advice } = this.#tryNamespaces();
    return { containment: 'namespace', available: prefix !== undefined, why, ...(advice !== undefined && { advice }) };
  }
}

const cgroupAdvice =
  'This needs a cgroup of version 2 that this user may write to: start the editor in one of its own (systemd-run --user --scope -p Delegate=yes code); in WSL 2, turn on systemd first (systemd=true in /etc/wsl.conf); in a container, mount /sys/fs/cgroup writable (a dev container: "privileged": true in devcontainer.json).';

const groupOffer: ContainmentOffer = {
  containment: 'group',
  available: true,
  why: 'a session for each tree, and marks that its processes inherit',
};

const jobOffer: ContainmentOffer = { containment: 'job', available: false, why: 'job objects are available on Windows only' };

/** What holds the outer one together is removed with the last one in it. */
function within(path: string, tree: string): Container {
  try {
    const cgroup = Cgroup.make({ path }, tree);
    return {
      ...inCgroup(cgroup),
      dispose: () => {
        cgroup.dispose();
        removeIfEmpty(path);
      },
    };
  } catch (error) {
    throw new ContainmentError(`No cgroup can be made in that of the process to join: ${(error as Error).message}.`);
  }
}

function inCgroup(cgroup: Cgroup): Container {
  return {
    ...containerOf(cgroup, 'cgroup', cgroup.path),
    takeIn: (pid) => cgroup.takeIn(pid),
    putBack: () => cgroup.putBack(),
    enter: (spawn) => spawnInCgroup(cgroup.path, spawn),
    limit: (limits) => cgroup.limit(limits),
    limitEvents: () => cgroup.limitEvents(),
    cpuMillis: () => cgroup.cpuMillis(),
    usage: () => cgroup.usage(),
  };
}
