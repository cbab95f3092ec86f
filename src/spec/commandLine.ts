const secretWord = '(?:pass(?:word|wd|phrase)?|secret|token|api[-_]?key|access[-_]?key|private[-_]?key|credentials?|auth(?:orization)?)';
const secretOption = new RegExp(`^-.*${secretWord}$`, 'i');
/** `--token VALUE`, `--token=VALUE`, `TOKEN=VALUE`. */
const secretAssignment = new RegExp(`([\\w-]*${secretWord})(=|\\s+)("[^"]*"|'[^']*'|[^\\s'"]+)`, 'gi');
/** Shapes that well-known services give their keys. */
const secretShape =
  /\b(sk-[\w-]{16,}|gh[pousr]_\w{20,}|github_pat_\w{20,}|xox[abprs]-[\w-]{10,}|AKIA[0-9A-Z]{16}|eyJ[\w-]{10,}\.[\w-]{10,}\.[\w-]*)/g;
const mask = '•••';

/** The command as it would be typed into a POSIX shell, with what looks like a secret masked. */
export function displayCommandLine(argv: readonly string[]): string {
  // What a shell was asked to run says more than the shell does.
  const [program = '', flag, script] = argv;
  if (argv.length === 3 && flag === '-c' && script !== undefined && program.endsWith('sh')) return maskText(script);
  return maskArguments(argv).map(quote).join(' ');
}

function maskArguments(argv: readonly string[]): string[] {
  return argv.map((argument, index) => {
    const before = argv[index - 1];
    if (before !== undefined && secretOption.test(before) && !argument.startsWith('-')) return mask;
    return maskText(argument);
  });
}

function maskText(text: string): string {
  return text
    .replace(secretAssignment, (whole, name: string, between: string, value: string) => {
      const isAssignment = between === '=' || name.startsWith('-');
      return isAssignment && !value.startsWith('-') ? `${name}${between}${mask}` : whole;
    })
    .replace(/\b(Bearer|Basic)\s+[\w.~+/=-]{8,}/g, `$1 ${mask}`)
    .replace(/(\w+:\/\/[^\s:/@]+:)[^\s@]+@/g, `$1${mask}@`)
    .replace(secretShape, mask);
}

function quote(argument: string): string {
  return /^[\w@%+=:,./•-]+$/.test(argument) ? argument : `'${argument.replaceAll("'", `'\\''`)}'`;
}
