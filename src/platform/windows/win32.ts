/**
 * The calls and structures of Windows that Node lacks, each under the name of its page in the Win32 documentation
 * (learn.microsoft.com/windows/win32/api). Declared once, here, and loaded only in the warden.
 */
import type koffiType from 'koffi';

/** A kernel handle; the code that opens it closes it. */
export type Handle = unknown;

/** A call failed: which one, on what, and what GetLastError said, in the system's own words. */
export class Win32Error extends Error {
  readonly code: number;

  constructor(call: string, code: number, words: string) {
    super(`${call} failed: ${words} (Windows error ${code})`);
    this.code = code;
  }
}

export const ERROR_ACCESS_DENIED = 5;
/** OpenProcess: there is no such process. */
export const ERROR_INVALID_PARAMETER = 87;

/** Process access rights (Process Security and Access Rights). */
export const PROCESS_TERMINATE = 0x0001;
export const PROCESS_SET_QUOTA = 0x0100;
export const PROCESS_SUSPEND_RESUME = 0x0800;
export const PROCESS_QUERY_LIMITED_INFORMATION = 0x1000;

/** JOBOBJECT_BASIC_LIMIT_INFORMATION.LimitFlags. */
export const JOB_OBJECT_LIMIT_ACTIVE_PROCESS = 0x0008;
export const JOB_OBJECT_LIMIT_JOB_MEMORY = 0x0200;
export const JOB_OBJECT_LIMIT_KILL_ON_JOB_CLOSE = 0x2000;

/** JOBOBJECT_CPU_RATE_CONTROL_INFORMATION.ControlFlags. */
const JOB_OBJECT_CPU_RATE_CONTROL_ENABLE = 0x1;
const JOB_OBJECT_CPU_RATE_CONTROL_HARD_CAP = 0x4;

/** JOBOBJECTINFOCLASS. */
const JobObjectBasicAccountingInformation = 1;
/** Bytes of a JOBOBJECT_BASIC_ACCOUNTING_INFORMATION. */
const jobAccountingSize = 48;
const JobObjectBasicProcessIdList = 3;
const JobObjectExtendedLimitInformation = 9;
const JobObjectCpuRateControlInformation = 15;

/** SYSTEM_INFORMATION_CLASS. */
const SystemProcessInformation = 5;
const STATUS_INFO_LENGTH_MISMATCH = 0xc0000004;

/** Console control events. */
export const CTRL_C_EVENT = 0;
export const CTRL_BREAK_EVENT = 1;
const WM_CLOSE = 0x0010;
const FORMAT_MESSAGE_FROM_SYSTEM = 0x1000;
const FORMAT_MESSAGE_IGNORE_INSERTS = 0x0200;
const ERROR_MORE_DATA = 234;
const READ_CONTROL = 0x0002_0000;
const WRITE_DAC = 0x0004_0000;
const OPEN_EXISTING = 3;
const INVALID_HANDLE_VALUE = 2n ** 64n - 1n;
const DACL_SECURITY_INFORMATION = 4;
const SDDL_REVISION_1 = 1;
/** Security Descriptor String Format: protected, all for the owner (OW) and the local system (SY). */
const ownerOnly = 'D:P(A;;GA;;;OW)(A;;GA;;;SY)';

export interface JobLimits {
  readonly flags: number;
  readonly activeProcesses?: number;
  readonly memoryBytes?: number;
}

export interface Win32 {
  /** CreateJobObjectW, without a name. */
  createJob(): Handle;
  /** SetInformationJobObject, JobObjectExtendedLimitInformation. */
  setJobLimits(job: Handle, limits: JobLimits): void;
  /** SetInformationJobObject, JobObjectCpuRateControlInformation: a hard cap, in hundredths of a percent of all processors. */
  setJobCpuRate(job: Handle, rate: number): void;
  /** AssignProcessToJobObject. */
  assignToJob(job: Handle, process: Handle): void;
  /** QueryInformationJobObject, JobObjectBasicProcessIdList. */
  jobProcessIds(job: Handle): number[];
  /** TerminateJobObject. */
  /** Used by all processes that have ever been in it; 0 where that is not counted. */
  jobCpuMillis(job: Handle): number;
  terminateJob(job: Handle, exitCode: number): void;
  /** GetCurrentProcess; not to be closed. */
  currentProcess(): Handle;
  /** OpenProcess; undefined with the error where it is refused. */
  openProcess(access: number, pid: number): { readonly handle: Handle } | { readonly error: number };
  /** GetProcessTimes: when it was created, in microseconds since 1970. */
  creationTime(process: Handle): number;
  /** TerminateProcess. */
  terminateProcess(process: Handle, exitCode: number): boolean;
  /** NtSuspendProcess and NtResumeProcess. */
  suspend(process: Handle, suspended: boolean): boolean;
  /**
   * AttachConsole, GetConsoleProcessList, GenerateConsoleCtrlEvent to all on it, FreeConsole. Answers who that was, this process
   * included; none where it has no console or the event is refused.
   */
  pressKey(pid: number, event: number): number[];
  /** PostMessageW with WM_CLOSE to every top-level window of these processes; answers how many there are. */
  closeWindows(pids: ReadonlySet<number>): number;
  /** SetConsoleCtrlHandler: this process, and all that it starts, hear CTRL_C again, which a new process group does not. */
  hearCtrlC(): void;
  /** NtQuerySystemInformation, SystemProcessInformation: the table as it comes, and the address it was written to. */
  processTable(): { readonly table: Buffer; readonly address: bigint };
  /** SetKernelObjectSecurity on a named pipe: full access for its owner and the system, none for other users. */
  restrictToOwner(pipe: string): void;
  closeHandle(handle: Handle): void;
}

/** @throws Error where koffi or a library cannot be loaded. */
export async function loadWin32(): Promise<Win32> {
  const { default: koffi } = await import('koffi');
  const kernel32 = koffi.load('kernel32.dll');
  const ntdll = koffi.load('ntdll.dll');
  const user32 = koffi.load('user32.dll');
  const HANDLE = koffi.pointer('HANDLE', koffi.opaque());
  const types = declareStructures(koffi);

  const CreateJobObjectW = kernel32.func('CreateJobObjectW', HANDLE, ['void *', 'void *']);
  const SetInformationJobObject = kernel32.func('SetInformationJobObject', 'int', [HANDLE, 'int', 'void *', 'uint32']);
  const QueryInformationJobObject = kernel32.func('QueryInformationJobObject', 'int', [HANDLE, 'int', 'void *', 'uint32', 'void *']);
  const AssignProcessToJobObject = kernel32.func('AssignProcessToJobObject', 'int', [HANDLE, HANDLE]);
  const TerminateJobObject = kernel32.func('TerminateJobObject', 'int', [HANDLE, 'uint32']);
  const GetCurrentProcess = kernel32.func('GetCurrentProcess', HANDLE, []);
  const OpenProcess = kernel32.func('OpenProcess', HANDLE, ['uint32', 'int', 'uint32']);
  const GetProcessTimes = kernel32.func('GetProcessTimes', 'int', [HANDLE, 'void *', 'void *', 'void *', 'void *']);
  const TerminateProcess = kernel32.func('TerminateProcess', 'int', [HANDLE, 'uint32']);
  const CloseHandle = kernel32.func('CloseHandle', 'int', [HANDLE]);
  const GetLastError = kernel32.func('GetLastError', 'uint32', []);
  const FormatMessageW = kernel32.func('FormatMessageW', 'uint32', ['uint32', 'void *', 'uint32', 'uint32', 'void *', 'uint32', 'void *']);
  const AttachConsole = kernel32.func('AttachConsole', 'int', ['uint32']);
  const SetConsoleCtrlHandler = kernel32.func('SetConsoleCtrlHandler', 'int', ['void *', 'int']);
  const GetConsoleProcessList = kernel32.func('GetConsoleProcessList', 'uint32', ['void *', 'uint32']);
  const FreeConsole = kernel32.func('FreeConsole', 'int', []);
  const GenerateConsoleCtrlEvent = kernel32.func('GenerateConsoleCtrlEvent', 'int', ['uint32', 'uint32']);
  const NtSuspendProcess = ntdll.func('NtSuspendProcess', 'int32', [HANDLE]);
  const NtResumeProcess = ntdll.func('NtResumeProcess', 'int32', [HANDLE]);
  const NtQuerySystemInformation = ntdll.func('NtQuerySystemInformation', 'uint32', ['int', 'void *', 'uint32', 'void *']);
  const advapi32 = koffi.load('advapi32.dll');
  const ConvertStringSecurityDescriptorToSecurityDescriptorW = advapi32.func(
    'ConvertStringSecurityDescriptorToSecurityDescriptorW',
    'int',
    ['str16', 'uint32', koffi.out(koffi.pointer('void *')), 'void *'],
  );
  const SetKernelObjectSecurity = advapi32.func('SetKernelObjectSecurity', 'int', [HANDLE, 'uint32', 'void *']);
  const CreateFileW = kernel32.func('CreateFileW', HANDLE, ['str16', 'uint32', 'uint32', 'void *', 'uint32', 'uint32', HANDLE]);
  const LocalFree = kernel32.func('LocalFree', 'void *', ['void *']);
  const FindWindowExW = user32.func('FindWindowExW', HANDLE, [HANDLE, HANDLE, 'void *', 'void *']);
  const GetWindowThreadProcessId = user32.func('GetWindowThreadProcessId', 'uint32', [HANDLE, 'void *']);
  const PostMessageW = user32.func('PostMessageW', 'int', [HANDLE, 'uint32', 'uintptr', 'intptr']);

  const words = (code: number): string => {
    const text = Buffer.alloc(1024);
    const length = FormatMessageW(FORMAT_MESSAGE_FROM_SYSTEM | FORMAT_MESSAGE_IGNORE_INSERTS, null, code, 0, text, text.length / 2, null);
    return (
      text
        .toString('utf16le', 0, length * 2)
        .trim()
        .replace(/\.$/, '') || 'no reason was given'
    );
  };
  const check = (call: string, succeeded: unknown): void => {
    if (succeeded) return;
    const code = GetLastError();
    throw new Win32Error(call, code, words(code));
  };
  let table = Buffer.alloc(512 * 1024);

  return {
    createJob: () => {
      const job = CreateJobObjectW(null, null);
      check('CreateJobObject', job);
      return job;
    },
    setJobLimits: (job, { flags, activeProcesses = 0, memoryBytes = 0 }) => {
      const information = types.encodeExtendedLimits(flags, activeProcesses, memoryBytes);
      check('SetInformationJobObject', SetInformationJobObject(job, JobObjectExtendedLimitInformation, information, information.length));
    },
    setJobCpuRate: (job, rate) => {
      const information = Buffer.alloc(8);
      information.writeUInt32LE(JOB_OBJECT_CPU_RATE_CONTROL_ENABLE | JOB_OBJECT_CPU_RATE_CONTROL_HARD_CAP, 0);
      information.writeUInt32LE(rate, 4);
      check('SetInformationJobObject', SetInformationJobObject(job, JobObjectCpuRateControlInformation, information, information.length));
    },
    assignToJob: (job, process) => check('AssignProcessToJobObject', AssignProcessToJobObject(job, process)),
    jobProcessIds: (job) => {
      for (let capacity = 256; ; capacity *= 4) {
        const list = Buffer.alloc(8 + 8 * capacity);
        const succeeded = QueryInformationJobObject(job, JobObjectBasicProcessIdList, list, list.length, null);
        if (succeeded && list.readUInt32LE(0) <= list.readUInt32LE(4)) return parseProcessIdList(list);
        if (!succeeded && GetLastError() !== ERROR_MORE_DATA) check('QueryInformationJobObject', false);
      }
    },
    jobCpuMillis: (job) => {
      const information = Buffer.alloc(jobAccountingSize);
      const succeeded = QueryInformationJobObject(job, JobObjectBasicAccountingInformation, information, information.length, null);
      // TotalUserTime and TotalKernelTime, in tenths of microseconds.
      return succeeded ? Number(information.readBigInt64LE(0) + information.readBigInt64LE(8)) / 10_000 : 0;
    },
    terminateJob: (job, exitCode) => check('TerminateJobObject', TerminateJobObject(job, exitCode)),
    currentProcess: () => GetCurrentProcess(),
    openProcess: (access, pid) => {
      const handle = OpenProcess(access, 0, pid);
      return handle ? { handle } : { error: GetLastError() };
    },
    creationTime: (process) => {
      const times = Buffer.alloc(32);
      const at = (offset: number): Buffer => times.subarray(offset, offset + 8);
      check('GetProcessTimes', GetProcessTimes(process, at(0), at(8), at(16), at(24)));
      return microsSince1970(times.readBigInt64LE(0));
    },
    terminateProcess: (process, exitCode) => TerminateProcess(process, exitCode) !== 0,
    suspend: (process, suspended) => (suspended ? NtSuspendProcess(process) : NtResumeProcess(process)) >= 0,
    pressKey: (pid, event) => {
      // One has to be on a console to speak to those who are.
      FreeConsole();
      if (!AttachConsole(pid)) return [];
      try {
        const list = Buffer.alloc(4 * 1024);
        const count = Math.min(GetConsoleProcessList(list, list.length / 4), list.length / 4);
        if (!GenerateConsoleCtrlEvent(event, 0)) return [];
        return [pid, ...Array.from({ length: count }, (_, index) => list.readUInt32LE(4 * index))];
      } finally {
        FreeConsole();
      }
    },
    hearCtrlC: () => void SetConsoleCtrlHandler(null, 0),
    closeWindows: (pids) => {
      let count = 0;
      const owner = Buffer.alloc(4);
      for (let window = FindWindowExW(null, null, null, null); window; window = FindWindowExW(null, window, null, null)) {
        GetWindowThreadProcessId(window, owner);
        if (pids.has(owner.readUInt32LE(0)) && PostMessageW(window, WM_CLOSE, 0, 0)) count++;
      }
      return count;
    },
    processTable: () => {
      for (;;) {
        const status = NtQuerySystemInformation(SystemProcessInformation, table, table.length, null);
        if (status === 0) return { table, address: koffi.address(table) };
        if (status !== STATUS_INFO_LENGTH_MISMATCH)
          throw new Win32Error('NtQuerySystemInformation', status, 'the process table cannot be read');
        table = Buffer.alloc(table.length * 2);
      }
    },
    restrictToOwner: (pipe) => {
      const descriptor: [unknown] = [null];
      check(
        'ConvertStringSecurityDescriptorToSecurityDescriptor',
        ConvertStringSecurityDescriptorToSecurityDescriptorW(ownerOnly, SDDL_REVISION_1, descriptor, null),
      );
      const handle = CreateFileW(pipe, READ_CONTROL | WRITE_DAC, 0, null, OPEN_EXISTING, 0, null);
      try {
        check('CreateFile', koffi.address(handle) !== INVALID_HANDLE_VALUE);
        check('SetKernelObjectSecurity', SetKernelObjectSecurity(handle, DACL_SECURITY_INFORMATION, descriptor[0]));
      } finally {
        LocalFree(descriptor[0]);
        CloseHandle(handle);
      }
    },
    closeHandle: (handle) => void CloseHandle(handle),
  };
}

/** JOBOBJECT_BASIC_PROCESS_ID_LIST: how many there are, how many follow, and their ids as ULONG_PTR. */
export function parseProcessIdList(list: Buffer): number[] {
  const count = list.readUInt32LE(4);
  return Array.from({ length: count }, (_, index) => Number(list.readBigUInt64LE(8 + 8 * index)));
}

/** A FILETIME counts tenths of microseconds since 1601. Microseconds since 1970 fit a number exactly. */
export function microsSince1970(filetime: bigint): number {
  return Number(filetime / 10n - 11_644_473_600_000_000n);
}

function declareStructures(koffi: typeof koffiType) {
  const JOBOBJECT_BASIC_LIMIT_INFORMATION = koffi.struct('JOBOBJECT_BASIC_LIMIT_INFORMATION', {
    PerProcessUserTimeLimit: 'int64',
    PerJobUserTimeLimit: 'int64',
    LimitFlags: 'uint32',
    MinimumWorkingSetSize: 'uintptr',
    MaximumWorkingSetSize: 'uintptr',
    ActiveProcessLimit: 'uint32',
    Affinity: 'uintptr',
    PriorityClass: 'uint32',
    SchedulingClass: 'uint32',
  });
  const IO_COUNTERS = koffi.struct('IO_COUNTERS', {
    ReadOperationCount: 'uint64',
    WriteOperationCount: 'uint64',
    OtherOperationCount: 'uint64',
    ReadTransferCount: 'uint64',
    WriteTransferCount: 'uint64',
    OtherTransferCount: 'uint64',
  });
  const JOBOBJECT_EXTENDED_LIMIT_INFORMATION = koffi.struct('JOBOBJECT_EXTENDED_LIMIT_INFORMATION', {
    BasicLimitInformation: JOBOBJECT_BASIC_LIMIT_INFORMATION,
    IoInfo: IO_COUNTERS,
    ProcessMemoryLimit: 'uintptr',
    JobMemoryLimit: 'uintptr',
    PeakProcessMemoryUsed: 'uintptr',
    PeakJobMemoryUsed: 'uintptr',
  });
  return {
    encodeExtendedLimits: (flags: number, activeProcesses: number, memoryBytes: number): Buffer => {
      const basic = { LimitFlags: flags, ActiveProcessLimit: activeProcesses };
      const buffer = Buffer.alloc(koffi.sizeof(JOBOBJECT_EXTENDED_LIMIT_INFORMATION));
      koffi.encode(buffer, JOBOBJECT_EXTENDED_LIMIT_INFORMATION, {
        BasicLimitInformation: {
          ...{ PerProcessUserTimeLimit: 0, PerJobUserTimeLimit: 0, MinimumWorkingSetSize: 0, MaximumWorkingSetSize: 0 },
          ...{ Affinity: 0, PriorityClass: 0, SchedulingClass: 0, ...basic },
        },
        IoInfo: {
          ...{ ReadOperationCount: 0, WriteOperationCount: 0, OtherOperationCount: 0 },
          ...{ ReadTransferCount: 0, WriteTransferCount: 0, OtherTransferCount: 0 },
        },
        ...{ ProcessMemoryLimit: 0, JobMemoryLimit: memoryBytes, PeakProcessMemoryUsed: 0, PeakJobMemoryUsed: 0 },
      });
      return buffer;
    },
  };
}
