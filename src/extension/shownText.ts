/** Names and messages as the editor's own widgets take them: what these would make a picture or a link of stays text. */
import { visible } from '../protocol/visible.ts';

/** `$(flame)`, `$(loading~spin)`: a picture where the editor draws labels, unless a backslash is in front. */
const codicon = /\$\([a-z0-9-]+(?:~[a-z0-9-]+)?\)/gi;
/** `[text](command:…)`: the editor makes links of these in notifications and beneath input boxes, of commands too. */
const link = /\](?=\()/g;

/** For labels in which the editor draws `$(icon)`s: of quick picks. */
export function asLabel(text: string): string {
  return visible(text).replace(codicon, (icon) => `\\${icon}`);
}

/** For notifications, questions, and what stands beneath an input box. Lines stay lines. */
export function asMessage(text: string): string {
  return text.split('\n').map(visible).join('\n').replace(link, '] ');
}
