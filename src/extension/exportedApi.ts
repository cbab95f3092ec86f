import type { ExtensionApi } from '../library/api.ts';
import type { TreesOfExtension } from './treesOfExtension.ts';
import type { WardenLink } from './wardenLink.ts';

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
        spawn: async (command, options) => await (await opened()).spawn(command, options),
        run: async (command, options) => await (await opened()).run(command, options),
      };
    },
  };
}
