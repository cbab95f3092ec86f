import type { ExtensionApi, Run, Spawn } from '../library/api.ts';
import type { TreesOfExtension } from './treesOfExtension.ts';
import type { WardenLink } from './wardenLink.ts';

type Call = (...args: readonly unknown[]) => unknown;

/** What other extensions get from this one. What it takes is loaded when the first of them starts something. */
export function exportedApi(link: WardenLink): ExtensionApi {
  return {
    version: 1,
    forExtension: ({ subscriptions }) => {
      let trees: Promise<TreesOfExtension> | undefined;
      const opened = (): Promise<TreesOfExtension> => {
        trees ??= import('./treesOfExtension.ts').then((module) => new module.TreesOfExtension(link));
        return trees;
      };
      subscriptions.push({ dispose: () => void trees?.then((open) => open.dispose()) });
      return {
        spawn: onceOpened(async () => (await opened()).spawn as Call) as Spawn,
        run: onceOpened(async () => (await opened()).run as Call) as Run,
      };
    },
  };
}

/** Options alone are answered by the tag of a template, at once: what that returns is the first to be waited for. */
function onceOpened(open: () => Promise<Call>): Call {
  const call = async (...args: readonly unknown[]): Promise<unknown> => (await open())(...args);
  return (first, ...rest) => {
    const isOptions = typeof first === 'object' && first !== null && !Array.isArray(first);
    return isOptions ? async (...template: readonly unknown[]) => ((await call(first)) as Call)(...template) : call(first, ...rest);
  };
}
