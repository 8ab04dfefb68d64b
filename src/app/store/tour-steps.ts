/**
 * The thread in seven steps, each a live run: what is opened, where to look, what to change. Told in our own words; the messages
 * themselves are linked. What is said of kernels is in the facts, and the tests hold each step against its run.
 */
import { THREAD } from '../inspect/thread';

export interface TourStep {
  readonly title: string;
  /** At most three sentences. */
  readonly says: readonly string[];
  /** Message-ids that it is about, each with what its link is called. */
  readonly mails: readonly (readonly [name: string, id: string])[];
  /** Text of the gallery. */
  readonly litmus: string;
  /** Instead of the kernel that the text names. */
  readonly kernel?: string;
  /** A second kernel or design on the same lanes. */
  readonly beside?: string;
  /** What is pointed at: the first thing on the lanes that is told with these words, and what is said there. */
  readonly at: string;
  readonly here: string;
  /** One thing to change: a command, or several one after the other. */
  readonly change: { readonly label: string; readonly commands: readonly string[] };
}

const mail = (n: number): readonly [string, string] => [`message ${n}`, THREAD[n - 1]!];

export const TOUR: readonly TourStep[] = [
  {
    title: 'The question',
    says: [
      'KVM cannot enable virtualization on the hot-added CPU 4, in the STARTING section, where no callback may fail.',
      'The failure is only counted: the online write returns success soon after.',
      'What does a vCPU meet that comes to this CPU? Press End.',
    ],
    mails: [mail(1)],
    litmus: 'kevin-2021-11-30',
    at: 'kvm: enabling virtualization on CPU4 failed',
    here: 'the enable fails, and nobody is told',
    change: { label: 'Now pick v6.3', commands: ['text.kernel.v6.3'] },
  },
  {
    title: 'Who notices first',
    says: [
      'Expected was a VMPTRLD that fails, with a few warnings.',
      'Outside VMX operation it takes #UD instead: a BUG, and the thread dies inside KVM_RUN.',
      'On AMD the first to notice is not VMRUN, but VMSAVE before it.',
    ],
    mails: [mail(2)],
    litmus: 'message-2-vmptrld',
    at: '#UD at VMPTRLD',
    here: 'no VMfail: an invalid opcode',
    change: { label: 'Now the same on AMD', commands: ['open.litmus.message-2-vmrun'] },
  },
  {
    title: 'Let the callback fail',
    says: [
      'In the ONLINE section the callback runs in the CPU’s own hotplug thread, and may fail: A takes CPU 2 back, and the write returns -EIO.',
      'B is v5.15, which swallows the same failure.',
      'No vCPU was ever on the CPU of A.',
    ],
    mails: [mail(3)],
    litmus: 'message-3-online',
    beside: 'v5.15',
    at: 'kvm_online_cpu returned -EIO',
    here: 'A: the callback fails, CPU 2 rolls back',
    change: { label: 'Now let the enable succeed', commands: ['play.first', 'act.fault.2'] },
  },
  {
    title: 'With TDX loaded',
    says: [
      'VMXON succeeds on the hot-added CPU 2, but TDH.SYS.LP.INIT takes #GP there.',
      'The CPU is refused though no VM and no TD runs: message 4 calls that not acceptable.',
      'The log has no line of it; only the writer sees -EOPNOTSUPP.',
    ],
    mails: [mail(4)],
    litmus: 'message-4-tdx-loaded',
    at: 'tdx_online_cpu returned -EOPNOTSUPP',
    here: 'refused, though no TD runs',
    change: { label: 'Now pick td3-usage-count', commands: ['text.kernel.td3-usage-count'] },
  },
  {
    title: 'Only while a TD runs',
    says: [
      'Message 7 counts TDs: CPU 2 is let in while there is none.',
      'Then the first TD is made, its vCPU comes to that CPU, TDH.VP.ENTER takes #GP, and KVM ends the whole TD.',
      'A CPU can also go bad later: message 5 tells of VMX that goes off by itself.',
    ],
    mails: [mail(7), mail(5)],
    litmus: 'message-7-first-td',
    at: 'WARNING: arch/x86/kvm/vmx/tdx.c',
    here: 'here the TD ends',
    change: { label: 'Now see VMX go off', commands: ['open.litmus.vmx-goes-off'] },
  },
  {
    title: 'A race on the way in',
    says: [
      'The module checks the CPUs that are online, one by one, without cpus_read_lock.',
      'CPU 1 is offline just then, comes back after, and nobody checks it any more.',
      'The cure of message 8 is to make the check part of the callback.',
    ],
    mails: [mail(6), mail(8)],
    litmus: 'compat-race',
    at: 'admin: online cpu1 returned 1',
    here: 'in, and never checked',
    change: { label: 'Now pick check-in-callback', commands: ['text.kernel.check-in-callback'] },
  },
  {
    title: 'What the kernels did since',
    says: [
      'v6.3 moved the callback to ONLINE, but still enables nothing before the first VM (A).',
      'v6.12 enables when the module is loaded, and refuses a bad CPU even without a VM (B).',
      'From v7.1 on the core kernel does it, for KVM and TDX alike.',
    ],
    mails: [
      ['the move to ONLINE', '20221130230934.1014142-42-seanjc@google.com'],
      ['enable at load', '20240830043600.127750-1-seanjc@google.com'],
      ['VMXON outside KVM', '20260214012702.2368778-1-seanjc@google.com'],
    ],
    litmus: 'bad-cpu-no-vm',
    kernel: 'v6.3',
    beside: 'v6.12',
    at: 'kvm_online_cpu returned -EIO',
    here: 'B: refused at once',
    change: { label: 'Now beside v7.1', commands: ['beside.v7.1'] },
  },
];
