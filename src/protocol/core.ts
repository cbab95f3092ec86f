/** The frozen core: what every version answers, so that a client of any version sees and ends the trees of a warden of any other. */
import { hello, type VersionRange } from './handshake.ts';
import { inspect } from './inspection.ts';
import { list, shutdown, stop } from './treeRequests.ts';

/** Methods that every version answers. `stop` with `now` is a kill. */
export const coreMethods: ReadonlySet<string> = new Set([hello, list, stop, shutdown, inspect].map(({ method }) => method));

/** A side as it has introduced itself. */
export interface Side {
  /** For people, with the version of its program: `tree-warden logs 0.1.0`. */
  readonly name: string;
  readonly versions: VersionRange;
}

/** The versions that a side speaks, from its {@link Hello} or {@link Welcome}; one from before the ranges has `protocol` alone. */
export function versionsOf({ protocol, versions }: { readonly protocol: number; readonly versions?: VersionRange }): VersionRange {
  return versions ?? { min: protocol, max: protocol };
}

/** The newest version that both sides speak; undefined where they have only the core in common. */
export function commonVersion(ours: VersionRange, theirs: VersionRange): number | undefined {
  const newest = Math.min(ours.max, theirs.max);
  return newest >= Math.max(ours.min, theirs.min) ? newest : undefined;
}

/** Why a request outside the core is refused, and what to do, as sentences. */
export function versionNeeded(method: string, client: Side, warden: Side): string {
  const isClientOlder = client.versions.max < warden.versions.max;
  const [older, newer] = isClientOlder ? [client, warden] : [warden, client];
  const remedy = isClientOlder
    ? `Update ${client.name}; until then, it can list and stop what runs.`
    : 'Its processes can be listed and stopped; start them again to have them guarded by the newer version.';
  return `'${method}' needs protocol version ${rangeText(newer.versions)}, as ${newer.name} speaks it; ${older.name} speaks version ${rangeText(older.versions)}. ${remedy}`;
}

/** What a client cannot do with a warden that shares only the core with it, and what to do, as sentences. */
export function notTakenOver(client: Side, warden: Side): string {
  const remedy =
    client.versions.max < warden.versions.max
      ? `Update ${client.name} to protocol version ${rangeText(warden.versions)}.`
      : 'Stop them and start them again to have them guarded by the newer version.';
  return `The processes of ${warden.name} can be listed, stopped and killed, but not taken over: that needs protocol version ${rangeText(client.versions)}, as ${client.name} speaks it, and ${warden.name} speaks version ${rangeText(warden.versions)}. ${remedy}`;
}

function rangeText({ min, max }: VersionRange): string {
  return min === max ? String(max) : `${min} to ${max}`;
}
