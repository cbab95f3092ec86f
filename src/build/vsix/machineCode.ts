/** Which machine a file is machine code for, as its header says. */
const cpus = {
  /** e_machine of elf(5). */
  elf: { 62: 'x64', 183: 'arm64' },
  /** cputype of a Mach-O header, <mach/machine.h>. */
  machO: { 16777223: 'x64', 16777228: 'arm64' },
  /** Machine of a COFF header, "PE Format" of Microsoft's documentation. */
  pe: { 34404: 'x64', 43620: 'arm64' },
} as const satisfies Record<string, Readonly<Record<number, string>>>;

const elfMagic = 0x464c457f;
const machMagic = 0xfeedfacf;
const peMagic = 0x5a4d;
/** Where a file of Windows says at which byte its COFF header stands. */
const headerAt = 0x3c;

/** The target of a VSIX that this file may be in; undefined where it is no machine code. */
export function targetOfFile(file: Buffer): string | undefined {
  if (file.length < headerAt + 4) return undefined;
  const magic = file.readUInt32LE(0);
  if (magic === elfMagic) return named(file.includes('libc.musl-') ? 'alpine' : 'linux', cpus.elf, file.readUInt16LE(18));
  if (magic === machMagic) return named('darwin', cpus.machO, file.readUInt32LE(4));
  if (file.readUInt16LE(0) !== peMagic) return undefined;
  const header = file.readUInt32LE(headerAt);
  return named('win32', cpus.pe, header + 6 <= file.length ? file.readUInt16LE(header + 4) : 0);
}

function named(system: string, names: Readonly<Record<number, string>>, cpu: number): string {
  return `${system}-${names[cpu] ?? `cpu ${cpu}`}`;
}
