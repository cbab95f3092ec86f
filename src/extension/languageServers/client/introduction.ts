/** Maximum length of what a server calls itself, in characters. */
const maxLength = 50;

/** The version of a server, behind its name where that says more than the one it was declared by; undefined where it has introduced itself by nothing. */
export function introduction(declared: string, info: { readonly name: string; readonly version?: string } | undefined): string | undefined {
  if (info === undefined) return undefined;
  const { name, version = '' } = info;
  const isSaid = name === declared || version.includes(name);
  return [isSaid ? '' : name, version].filter(Boolean).join(' ').slice(0, maxLength);
}
