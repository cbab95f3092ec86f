import { isDeepStrictEqual } from 'node:util';
import { maxRemoteMembers, type RemoteFigures } from '../protocol/remoteRequests.ts';
import type { RemoteStatus } from '../protocol/runner.ts';
import type { MemberSnapshot, TreeSnapshot } from '../protocol/snapshot.ts';
import type { LocalWarden } from './localWarden.ts';

/** Of a reason, in characters. */
export const maxReason = 500;

/** Tells the warden of this machine how the tree is getting on elsewhere. */
export class Reporter {
  readonly #local: LocalWarden;
  #status: RemoteStatus;
  #figures: RemoteFigures | undefined;

  constructor(local: LocalWarden, { runner, lease }: Pick<RemoteStatus, 'runner' | 'lease'>) {
    this.#local = local;
    this.#status = { runner, lease, phase: 'submitting' };
  }

  tell(status: Omit<RemoteStatus, 'runner' | 'lease'>): void {
    const { runner, lease } = this.#status;
    this.#status = { runner, lease, ...status };
    this.#local.report(this.#status);
  }

  /** Resolves when the warden knows of all that was told. */
  async flushed(): Promise<void> {
    await this.#local.flushed();
  }

  /** Of a process that does nothing, none are told: of a thousand, each would wake the warden once a second. */
  figures({ members, cpuPercent, memoryBytes, readRate, writeRate, zombies, gpu }: TreeSnapshot): void {
    const figures: RemoteFigures = {
      members: members.slice(0, maxRemoteMembers).map(plain),
      ...{ cpuPercent, memoryBytes, readRate, writeRate, zombies },
      ...(gpu && { gpu }),
    };
    if (isDeepStrictEqual(figures, this.#figures)) return;
    this.#figures = figures;
    this.#local.report(this.#status, figures);
  }
}

/** With what is said of ports, and nothing that their platform keeps beside it. */
function plain(member: MemberSnapshot): MemberSnapshot {
  const { ports } = member;
  return ports === undefined ? member : { ...member, ports: ports.map(({ protocol, port, address }) => ({ protocol, port, address })) };
}
