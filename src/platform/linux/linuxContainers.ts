import { type Container, type Containment, ContainmentError, type ContainmentOffer, containerOf, uncontained } from '../container.ts';
import { Cgroup, type CgroupHome, cgroupHomes, homePrefix, makeCgroupHome, spawnInCgroup } from './cgroups.ts';
import { detectNamespaces, type NamespaceOffer, wrapInNamespace } from './namespaces.ts';

/** The containers of one warden. What the machine has is tried out at the first need, and remembered. */
export class LinuxContainers {
  readonly homes: readonly string[];
  readonly #homeName: string;
  #home: CgroupHome | Error | undefined;
  #namespaces: NamespaceOffer | undefined;

  /** `owner`: the id of the warden, for the name under which its cgroups are found. */
  constructor(owner: string) {
    this.#homeName = `${homePrefix}${owner}`;
    this.homes = cgroupHomes(this.#homeName);
  }

  offers(): ContainmentOffer[] {
    return [this.#offerCgroup(), this.#offerNamespace(), groupOffer, jobOffer];
  }

  /** @throws ContainmentError where the machine does not have it. */
  contain(wanted: Containment | 'auto', tree: string): Container {
    if (wanted === 'job') throw new ContainmentError('"job" is for Windows; on Linux use "auto", "cgroup", "namespace" or "group".');
    if (wanted === 'group') return uncontained;
    const cgroup = this.#makeCgroup(tree, wanted);
    if (wanted !== 'namespace') return cgroup ? inCgroup(cgroup) : uncontained;
    const { prefix, why, advice = '' } = this.#tryNamespaces();
    if (prefix === undefined) {
      cgroup?.dispose();
      throw new ContainmentError(`PID namespaces are not to be had here: ${why}. ${advice}`);
    }
    // A cgroup beneath it has the kernel hold the limits.
    const beneath = cgroup ? inCgroup(cgroup) : uncontained;
    return {
      ...beneath,
      containment: 'namespace',
      leaderIsKeeper: true,
      wrap: (argv, lingering) => wrapInNamespace(prefix, argv, lingering),
    };
  }

  #makeCgroup(tree: string, wanted: Containment | 'auto'): Cgroup | undefined {
    const home = this.#openHome();
    try {
      if (home instanceof Error) throw home;
      return Cgroup.make(home, tree);
    } catch (error) {
      if (wanted === 'cgroup') throw new ContainmentError(`Cgroups are not to be had here: ${(error as Error).message}. ${cgroupAdvice}`);
      return undefined;
    }
  }

  #openHome(): CgroupHome | Error {
    if (this.#home === undefined) {
      try {
        this.#home = makeCgroupHome(this.#homeName);
      } catch (error) {
        this.#home = error as Error;
      }
    }
    return this.#home;
  }

  #tryNamespaces(): NamespaceOffer {
    this.#namespaces ??= detectNamespaces();
    return this.#namespaces;
  }

  #offerCgroup(): ContainmentOffer {
    const home = this.#openHome();
    if (home instanceof Error) return { containment: 'cgroup', available: false, why: home.message, advice: cgroupAdvice };
    const limits =
      home.controllers.length > 0
        ? `limits by ${home.controllers.join(', ')}`
        : 'limits by sampling, because no controllers are handed down to it';
    return { containment: 'cgroup', available: true, why: `a cgroup for each tree, killed as one; ${limits}` };
  }

  #offerNamespace(): ContainmentOffer {
    const { prefix, why, advice } = this.#tryNamespaces();
    return { containment: 'namespace', available: prefix !== undefined, why, ...(advice !== undefined && { advice }) };
  }
}

const cgroupAdvice =
  'It takes a cgroup of version 2 that this user may write to: start the editor in one of its own (systemd-run --user --scope -p Delegate=yes code), or, in a container, mount /sys/fs/cgroup writable.';

const groupOffer: ContainmentOffer = {
  containment: 'group',
  available: true,
  why: 'a session for each tree, and the marks that its processes inherit',
};

const jobOffer: ContainmentOffer = { containment: 'job', available: false, why: 'job objects are of Windows' };

function inCgroup(cgroup: Cgroup): Container {
  return {
    ...containerOf(cgroup, 'cgroup', cgroup.path),
    enter: (spawn) => spawnInCgroup(cgroup.path, spawn),
    limit: (limits) => cgroup.limit(limits),
    limitEvents: () => cgroup.limitEvents(),
    cpuMillis: () => cgroup.cpuMillis(),
    usage: () => cgroup.usage(),
  };
}
