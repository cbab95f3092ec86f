import type { Footprint, Platform, ProcessIdentity } from '../../platform/platform.ts';
import type { Details } from '../../protocol/figures.ts';

/** Of these processes together. A figure that is not known of all of them is left out: it would be taken for the sum. */
export async function detailsOf(platform: Platform, processes: readonly ProcessIdentity[]): Promise<Details> {
  const footprints = [...(await platform.footprints(processes)).values()];
  const sum = (of: keyof Footprint): number | undefined => {
    const values = footprints.flatMap((footprint) => footprint[of] ?? []);
    return values.length > 0 && values.length === footprints.length ? values.reduce((total, value) => total + value, 0) : undefined;
  };
  const [pssBytes, openFiles, connections] = [sum('pssBytes'), sum('openFiles'), sum('connections')];
  return {
    ...(pssBytes !== undefined && { pssBytes }),
    ...(openFiles !== undefined && { openFiles }),
    ...(connections !== undefined && { connections }),
  };
}
