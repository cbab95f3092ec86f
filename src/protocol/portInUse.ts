/** What servers print when the port that they are to listen on is held by another process. */

/** The end of an output in which this is looked for, in characters. */
const searched = 65_536;
/** Of one line, in characters: a longer one is cut. */
const longestLine = 2000;
/** Number of lines before and behind the message in which its port is looked for. */
const nearby = 8;

/** By the error of the system, in the words of each runtime. */
const systemError =
  /EADDRINUSE|AddrInUse|address (?:is )?already in use|\[Errno (?:48|98|10048)\]|\(os error (?:48|98|10048)\)|WinError 10048|only one usage of each socket address/i;
/** In words of their own. */
const ownWords =
  /\bport\b[^\n]{0,40}?\b(?:(?:already|currently) (?:in use|used|taken|allocated|occupied)|in use\b)|\balready running on port\b/i;

/** A server that says so takes another port by itself. */
const helpsItself = /\b(?:trying|using|switching to|falling back to) (?:another|a different|the next|(?:an )?available|port \d|\d)/i;

/** Escape sequences of colours, which stand between words. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: they begin with one.
const colours = /\u001b\[[\d;]*m/g;
/** Numbers that are no ports: of errors, times of day, and places in files. */
const otherNumbers =
  /\[?(?:Win)?Err(?:or|no) \d+\]?|\(?os error \d+\)?|\bcode: \d+|\((?:48|98|10048)[:)]|\b\d{1,2}:\d{2}:\d{2}\b|[\w./-]*[a-z][\w./-]*:\d+:\d+/gi;

/**
 * Undefined where an output says nothing of a port in use; `port` is undefined where it does not say which one. `output` may be of any length; its end is
 * searched.
 */
export function portInUse(output: string): { readonly port: number | undefined } | undefined {
  const lines = output
    .slice(-searched)
    .replace(colours, '')
    .split('\n')
    .map((line) => line.slice(0, longestLine));
  const at = lines.findLastIndex((line) => systemError.test(line) && !helpsItself.test(line));
  const inWords = lines.findLastIndex((line) => ownWords.test(line) && !helpsItself.test(line));
  // The words of a framework name the port; the system's error often does not.
  const found = [inWords, at].filter((index) => index >= 0);
  if (found.length === 0) return undefined;
  const own = found.map((index) => portIn(lines[index] ?? ''));
  const around = found.flatMap((index) => [
    ...lines.slice(index + 1, index + 1 + nearby),
    ...lines.slice(Math.max(0, index - nearby), index).reverse(),
  ]);
  return { port: own.find((port) => port !== undefined) ?? around.map(portNearby).find((port) => port !== undefined) };
}

/** Of a line that speaks of the error. */
function portIn(line: string): number | undefined {
  const text = line.replace(otherNumbers, ' ');
  return portOf(
    /\bport:?\W{0,3}(\d{1,5})\b/i.exec(text)?.[1] ??
      /', (\d{1,5})\)/.exec(text)?.[1] ??
      lastAddress(text) ??
      /\bon (\d{2,5})\b/.exec(text)?.[1],
  );
}

/** Of another line, which may speak of something else: a database that it has connected to, for instance. */
function portNearby(line: string): number | undefined {
  return /\b(?:port|bind|listen)/i.test(line) && !/connect/i.test(line) ? portIn(line) : undefined;
}

/** `:3000`, `127.0.0.1:3000`, `[::]:3000`, `*:3000`. */
function lastAddress(text: string): string | undefined {
  return [...text.matchAll(/:(\d{1,5})(?![\w\]]|:[\d:])/g)].at(-1)?.[1];
}

function portOf(digits: string | undefined): number | undefined {
  const port = Number(digits);
  return port >= 1 && port <= 65_535 ? port : undefined;
}
