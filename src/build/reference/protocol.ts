/** The generated sections of docs/protocol.md, from the declarations and docstrings of src/protocol. */
import { coreMethods } from '../../protocol/core.ts';
import { table } from './sections.ts';

interface Declaration {
  readonly name: string;
  /** As it is written, without its docstring and `export`. */
  readonly code: string;
  /** Of the docstring; empty where there is none. */
  readonly text: string;
}

interface Message {
  readonly method: string;
  readonly isNotification: boolean;
  /** TypeScript types; empty where there is none. */
  readonly params: string;
  readonly result: string;
  readonly text: string;
}

/** Files of src/protocol that declare messages, and what a chapter about them is called. */
const chapters: Readonly<Record<string, string>> = {
  handshake: 'Introduction',
  treeRequests: 'Trees',
  externalRequests: 'Processes that Tree Warden did not start',
  watching: 'Watching',
  figures: 'Figures on demand',
  output: 'Output and input',
  ownership: 'Ownership',
  inspection: 'Diagnostics',
  declare: 'Declared processes',
  jobs: 'Jobs',
  fileWatch: 'Watched files',
  models: 'Models',
};
/** Further files whose types are part of the messages. */
const typeFiles = [
  'identity',
  'snapshot',
  'external',
  'treeChanges',
  'listeningPorts',
  'startRequest',
  'processTemplate',
  'schedule',
  'runKey',
  'policies',
  'errorCodes',
  'errorReasons',
];

export function protocolSections(read: (file: string) => string): ReadonlyMap<string, string> {
  const declared = (name: string): Declaration[] => declarationsIn(read(`src/protocol/${name}.ts`));
  const messages = Object.entries(chapters).map(([file, title]) => ({
    title,
    messages: messagesIn(declared(file), read(`src/protocol/${file}.ts`)),
  }));
  const core = messages.flatMap((chapter) => chapter.messages).filter(({ method }) => coreMethods.has(method));
  if (core.length !== coreMethods.size) throw new Error('A method of the core is declared in none of the files of the protocol.');
  const types = [...Object.keys(chapters), ...typeFiles].map((file) => ({
    file,
    types: declared(file).filter(({ code }) => /^(?:interface|type|const errorCodes)\b/.test(code)),
  }));
  return new Map([
    ['core', messageTable(core)],
    ['messages', messages.map((chapter) => `### ${chapter.title}\n\n${messageTable(chapter.messages)}`).join('\n')],
    [
      'types',
      types
        .filter((one) => one.types.length > 0)
        .map((one) => `### ${one.file}.ts\n\n\`\`\`ts\n${one.types.map(written).join('\n\n')}\n\`\`\`\n`)
        .join('\n'),
    ],
  ]);
}

function messageTable(messages: readonly Message[]): string {
  return table(
    ['Message', 'Kind', 'Parameters', 'Result', 'Meaning'],
    messages.map(({ method, isNotification, params, result, text }) => [
      code(method),
      isNotification ? 'notification' : 'request',
      code(params),
      code(result),
      text,
    ]),
  );
}

function code(text: string): string {
  return text === '' || text === 'void' ? '' : `\`${text}\``;
}

function written({ text, code: source }: Declaration): string {
  return text === '' ? source : `/** ${text} */\n${source}`;
}

/** Exported declarations of a file in the house's format: each begins in the first column, its docstring right above. */
export function declarationsIn(source: string): Declaration[] {
  const pattern =
    /^(\/\*\*(?:(?!\*\/)[\s\S])*\*\/\n)?export ((?:interface|type|const) (\w+)[\s\S]*?(?:^\}(?: as const)?;?$|;$(?=\n[^\s})>]|\n\n|\n?(?![\s\S]))))/gm;
  return Array.from(source.matchAll(pattern), ([, comment = '', body = '', name = '']) => ({ name, code: body, text: textOf(comment) }));
}

/** Without the signs of the comment, in one line; links become plain names. */
function textOf(comment: string): string {
  const lines = comment
    .trim()
    .replace(/^\/\*\*|\*\/$/g, '')
    .split('\n')
    .map((line) => line.trim().replace(/^\* ?/, ''));
  return lines
    .join(' ')
    .replace(/\{@link (\S+?)(?: ([^}]+))?\}/g, (_, target: string, label?: string) => label ?? `\`${target}\``)
    .replace(/\s+/g, ' ')
    .trim();
}

/** @throws Error where one is declared in a form that is not understood. */
function messagesIn(declarations: readonly Declaration[], source: string): Message[] {
  const found = declarations.flatMap(({ code: body, text }): Message[] => {
    const [, kind, types = '', method = ''] = /new (RequestType0?|NotificationType0?)<([\s\S]*)>\(\s*'([^']+)',?\s*\)/.exec(body) ?? [];
    if (kind === undefined) return [];
    const [first = '', second = ''] = splitTypes(types);
    const isNotification = kind.startsWith('Notification');
    const [params, result] = isNotification ? [first, ''] : kind === 'RequestType0' ? ['', first] : [first, second];
    return [{ method, isNotification, params, result, text }];
  });
  const declared = source.match(/new (?:RequestType|NotificationType)0?</g)?.length ?? 0;
  if (found.length !== declared) throw new Error(`Of ${declared} messages, ${found.length} were understood.`);
  return found;
}

/** Type arguments, split at the commas that are in none of their brackets, each in one line. */
function splitTypes(types: string): string[] {
  const parts: string[] = [];
  let depth = 0;
  let part = '';
  for (const char of types) {
    if ('<{(['.includes(char)) depth++;
    if ('>})]'.includes(char)) depth--;
    if (char === ',' && depth === 0) {
      parts.push(part);
      part = '';
    } else part += char;
  }
  return [...parts, part].map((one) => one.replace(/\s+/g, ' ').trim());
}
