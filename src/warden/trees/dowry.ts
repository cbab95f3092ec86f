/** What every process that is spawned into a tree is born with. */
import { type Loan, markVariable } from '../../platform/platform.ts';
import type { StartRequest, TreeId } from '../../protocol/messages.ts';
import { limitMarkOf } from '../marks.ts';

/** When memory runs out, a tree dies before the editor; what an editor's own helper processes have is 300. */
const membersOomScore = 400;

export function dowryOf(tree: TreeId): Loan {
  return { mark: limitMarkOf(tree), oomScore: membersOomScore };
}

/** What VS Code and this program set for themselves is none of a member's business. */
const ownVariables = /^(ELECTRON_|VSCODE_(?!PORTABLE$))/;

export function environmentFor(request: StartRequest, tree: TreeId): Record<string, string> {
  const env: Record<string, string> = {};
  for (const [name, value] of Object.entries(process.env)) if (value !== undefined && !ownVariables.test(name)) env[name] = value;
  if (request.stdio === 'pty') Object.assign(env, { TERM: 'xterm-256color', COLORTERM: 'truecolor' });
  for (const [name, value] of Object.entries(request.env)) {
    if (value === null) delete env[name];
    else env[name] = value;
  }
  const outer = process.env[markVariable];
  env[markVariable] = outer ? `${outer}:${tree}` : tree;
  return env;
}
