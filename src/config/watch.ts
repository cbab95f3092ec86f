import { CannotStartError } from '../command/executable.ts';
import type { FileWatch, WatchAction } from '../protocol/fileWatch.ts';
import { literalInProcess } from '../protocol/processTemplate.ts';
import { fillCommand, shellFor } from './fillCommand.ts';
import type { ProcessSpec } from './processSchema.ts';
import type { TemplateContext } from './resolveSpec.ts';
import { folderOfSetting } from './specFolders.ts';
import { fillVariables, type Variables } from './variables.ts';
import type { WatchSpec } from './watchSchema.ts';

/** `cwd`: the working directory of the process, as its template has it; absent where that is known only when it is started. */
type WatchContext = TemplateContext & Pick<Variables, 'cwd'>;

/**
 * What a warden is told of it; globs mean the folder of the file that they come from.
 * @throws CannotStartError that names the variable that a command cannot be filled in with.
 */
export async function resolveWatch(
  { paths, action, debounceMillis, dependents }: WatchSpec,
  { folders = {}, inputs }: Pick<ProcessSpec, 'folders' | 'inputs'>,
  context: WatchContext,
): Promise<FileWatch> {
  const folder = folderOfSetting(folders, context.workspaceFolder, 'watch');
  return {
    folder,
    patterns: paths,
    action: await resolveAction(action, { ...context, ...(inputs && { inputs }), workspaceFolder: folder }),
    debounceMillis,
    ...(dependents && { dependents }),
  };
}

async function resolveAction(action: WatchSpec['action'], context: WatchContext & Pick<Variables, 'inputs'>): Promise<WatchAction> {
  if (action === 'restart') return { by: 'restart' };
  if ('signal' in action) return { by: 'signal', signal: action.signal };
  // Ports and the number of the instance are filled in by the warden.
  const portFor = (name: string): Promise<never> => Promise.reject(new Error(`the port '${name}' is not known yet`));
  const fill = (text: string): Promise<string> => {
    if (context.cwd === undefined && text.includes('${cwd}'))
      throw new CannotStartError(`'${text}' cannot be filled in: the working directory is known only when the process is started.`);
    return fillVariables(text, { ...context, portFor, isTemplate: true, asLiteral: literalInProcess });
  };
  return { by: 'run', argv: await fillCommand(action.run, { fill, shell: shellFor(context.env), isTemplate: true }) };
}
