/** Secrets that are known by the name, the option or the program that they are given to. */

const long =
  'password|passwort|passwd|passphrase|passcode|storepass|keypass|(?<!by|com|tres|over|sur)pass(?:in|out)?|secret|token|oauth|jwt|credentials?|authorization|proxy-authorization|' +
  'api[-_. ]?key|access[-_.]?key|(?:private|secret|signing|sign|encryption|encrypt|master|account|shared|storage|service|subscription|app|application|license|licence|deploy|auth|session|client|consumer|webhook|hmac|aes|ssh|admin|root|write|publish|function|server|host|tenant|integration|ingestion|security|crypt|cipher|fernet|rails|django|flask|laravel|nextauth|stripe|openai|anthropic)[-_.]?key|' +
  'connection[-_.]?string|access[-_.]?code|refresh[-_.]?code|session[-_.]?id|set-cookie|cookie|x-auth|pwd|requirepass|masterauth';
const short = 'auth|sig|signature|sas|otp|pin|pw|psk|dsn';
const weak = 'key|session|sid|login|code|salt|nonce|seed|credential|community';
const suffix =
  '(?:[-_.]?(?:value|b64|base64|base|id|prod|production|dev|staging|test|live|key|hash|text|plain|string|data|old|new|current|root|admin|user|env|salt|\\d{1,4}))?';
const boundary = '(?<![A-Za-z0-9])';

const name = `(?:(?<strong>${long}|${boundary}(?:${short}))|${boundary}(?<weak>${weak}))${suffix}(?![\\w.-])`;
/** `name=`, `"name": `, `\"name\":`, `name => `. */
const assignment = new RegExp(`${name}(?:\\\\?["'\`])?\\s{0,4}(?:=>|:=|[=:])\\s{0,4}`, 'gi');
const option = new RegExp(`^(?:--?|/)?[\\w.:/-]{0,80}?${name}$`, 'i');
const schemeWord = /^(Bearer|Basic|Digest|Negotiate|ApiKey|Token|AWS4-HMAC-SHA256|OAuth)\s+/i;

/** Short options of well-known programs: `attached` as in -pSECRET, `next` as in -p SECRET, `pair` before user:secret. */
interface ShortOptions {
  readonly attached?: RegExp;
  readonly next?: RegExp;
  readonly pair?: RegExp;
}
const mysql: ShortOptions = { attached: /^-p(?=.)/ };
const either = (option: string): ShortOptions => ({ attached: new RegExp(`^-${option}(?=.)`), next: new RegExp(`^-${option}$`) });
const login: ShortOptions = { next: /^-p$/ };
const programs: Readonly<Record<string, ShortOptions>> = {
  ...Object.fromEntries(
    ['mysql', 'mysqldump', 'mysqladmin', 'mysqlimport', 'mysqlcheck', 'mysqlshow', 'mysqlsh', 'mysqlslap'].map((program) => [
      program,
      mysql,
    ]),
  ),
  ...Object.fromEntries(['mariadb', 'mariadb-dump', 'mariadb-admin', 'mycli', 'mydumper', 'xtrabackup'].map((program) => [program, mysql])),
  ...Object.fromEntries(
    ['mongo', 'mongosh', 'mongodump', 'mongorestore', 'mongoexport', 'mongoimport', 'cqlsh', 'rabbitmqadmin', 'influx', 'rdesktop'].map(
      (program) => [program, login],
    ),
  ),
  sshpass: either('p'),
  'redis-cli': { next: /^-a$/ },
  valkey: { next: /^-a$/ },
  ...Object.fromEntries(
    ['ldapsearch', 'ldapadd', 'ldapmodify', 'ldapdelete', 'ldapwhoami', 'ldappasswd'].map((program) => [program, either('w')]),
  ),
  ...Object.fromEntries(
    ['sqlcmd', 'bcp', 'osql', 'isql', 'zip', 'unzip', 'mosquitto_pub', 'mosquitto_sub', 'ipmitool'].map((program) => [
      program,
      either('P'),
    ]),
  ),
  ...Object.fromEntries(['7z', '7za', '7zz', '7zr', 'rar', 'unrar'].map((program) => [program, { attached: /^-h?p(?=.)/ }])),
  ...Object.fromEntries(['snmpget', 'snmpwalk', 'snmpset'].map((program) => [program, { next: /^-[AXc]$/ }])),
  curl: { pair: /^(-u|-U|--user|--proxy-user)$/, attached: /^-u(?=[^:]+:.)/ },
  http: { pair: /^(-a|--auth)$/ },
  https: { pair: /^(-a|--auth)$/ },
  xh: { pair: /^(-a|--auth)$/ },
  ab: { pair: /^-[AP]$/ },
  smbclient: { pair: /^-U$/ },
  rpcclient: { pair: /^-U$/ },
  lftp: { pair: /^-u$/ },
  etcdctl: { pair: /^--user$/ },
  xfreerdp: { attached: /^\/p:(?=.)/ },
  openssl: { next: /^-(k|K|pass)$/ },
};

/** For `docker login -p SECRET` and the like. */
const withLogin = new Set(['docker', 'podman', 'nerdctl', 'buildah', 'skopeo', 'helm', 'oc', 'az', 'cf', 'oras', 'crane']);

/** Number of words before an option in which its program is looked for. */
const farthestProgram = 24;

/** The options of the last program that is named before a word. */
export function shortOptionsAt(words: readonly string[], at: number): ShortOptions | undefined {
  const [word = '', before = ''] = [words[at], words[at - 1]];
  if (!/^[-/]./.test(word) && !/^-./.test(before)) return undefined;
  const first = Math.max(0, at - farthestProgram);
  for (let index = at - 1; index >= first; index--) {
    const candidate = words[index] ?? '';
    if (candidate.startsWith('-') || candidate.length > 200) continue;
    const program = candidate.slice(candidate.lastIndexOf('/') + 1).replace(/^.*\\|\.exe$/gi, '');
    if (Object.hasOwn(programs, program)) return programs[program];
    if (withLogin.has(program) && words.slice(index, at).includes('login')) return login;
  }
  return undefined;
}

/** Whether a word is a secret by the name before it. */
export function isNamedSecret(named: string, value: string): boolean {
  const kind = kindOfName(named);
  if (kind === undefined || value.startsWith('-') || isReadable(value)) return false;
  return kind.strong === undefined ? looksSecret(value) : !isFile(kind.strong, value);
}

function kindOfName(word: string): { readonly strong: string | undefined } | undefined {
  if (word.length > 100) return undefined;
  const found = option.exec(word)?.groups;
  const isOption = /^[-/]/.test(word);
  // A name that is no option has to be one: aws_secret_access_key, registry.password.
  if (!found || (!isOption && !/[a-z][_.][a-z]|[a-z][A-Z]|_authToken$/.test(word))) return undefined;
  return isOption || found['strong'] !== undefined ? { strong: found['strong'] } : undefined;
}

/** Whether this is a secret, of what may be one by its name. */
function looksSecret(value: string): boolean {
  if (/^(\/|\.{1,2}\/|~|[a-z]+:\/\/)|\.[a-z]\w{0,5}$/.test(value)) return false;
  return value.length >= 8 && /\d/.test(value) && /[a-z]/i.test(value);
}

/** What may be read although its name says that it is a secret: nothing, a word for yes or no, another variable. */
function isReadable(value: string): boolean {
  return /^(["']?)(|true|false|null|none|yes|no|undefined|\$\w+|\$\{\w+\}|%\w+%)\1$/i.test(value);
}

/** Whether a value is the path of a file, where its name may as well be that of a file: a key, credentials. */
function isFile(named: string, value: string): boolean {
  if (/^(old)?pwd$/i.test(named)) return value.startsWith('/');
  if (/pass|pw|secret|token|auth/i.test(named)) return false;
  return /^["']?(?:~|\.{0,2})(?:\/[\w.-]{1,24})+["']?$|^[\w./~-]{1,100}\.(?:pem|key|crt|cer|pub|json|p12|pfx|jks|asc|gpg|txt|ya?ml|env|ini|conf)["']?$/i.test(
    value,
  );
}

/** Masks the values of secret names anywhere in a text. `isWord`: the text has no other words, so a value goes to its end. */
export function maskAssignments(text: string, isWord: boolean, mask: string): string {
  let shown = '';
  let at = 0;
  for (const found of text.matchAll(assignment)) {
    if (found.index < at) continue;
    const start = found.index + found[0].length;
    const isFirst = /^[\s"'({[]*[\w./:@-]{0,100}$/.test(text.slice(Math.max(0, found.index - 120), found.index)) && !/^[{[]/.test(text);
    const toEnd = isFirst && !/[?&]/.test(text.slice(0, found.index)) && (isWord || /^\s*[\w-]{0,40}$/.test(text.slice(0, found.index)));
    const { from, to } = valueAt(text, start, toEnd);
    const value = text.slice(from, to);
    if (isReadable(value) || isFile(found.groups?.['strong'] ?? '', value) || (found.groups?.['weak'] !== undefined && !looksSecret(value)))
      continue;
    shown += text.slice(at, from) + mask;
    at = to;
  }
  return shown + text.slice(at);
}

/** Where a value begins, behind a quote or the word for its kind, and where it ends. */
function valueAt(text: string, start: number, toEnd: boolean): { readonly from: number; readonly to: number } {
  const [opening = ''] = text.slice(start, start + 2).match(/^\\?["'`]/) ?? [];
  const kind = (text.slice(start + opening.length, start + opening.length + 40).match(schemeWord)?.[0] ?? '').length;
  if (opening !== '' && !toEnd) {
    const from = start + opening.length + kind;
    return { from, to: closingOf(text, opening, from) };
  }
  const from = start + kind;
  if (toEnd) return { from, to: text.length };
  const ends = kind > 0 ? /["'`\n]/g : text.slice(0, start).includes('?') ? /[\s"'`&#]/g : /[\s"'`;,)}\]]/g;
  ends.lastIndex = from;
  return { from, to: ends.exec(text)?.index ?? text.length };
}

function closingOf(text: string, quote: string, from: number): number {
  for (let at = from; at < text.length; at++) {
    if (quote.length === 1 && text[at] === '\\') at++;
    else if (text.startsWith(quote, at)) return at;
  }
  return text.length;
}
