/**
 * The kernels that were captured, and what the rig traced on each (`trace.functions` and the return probes of their captures):
 * enough to make captures of any scenario on any of them.
 */
export interface RigKernel {
  readonly name: string;
  readonly kernel: string;
  readonly release: string;
  readonly vendor: 'amd' | 'intel';
  /** KVM's callback is in the ONLINE section. */
  readonly online: boolean;
  /** The vendor's function that switches virtualization on: where faults are put. */
  readonly enable: string;
  readonly functions: readonly string[];
  readonly probes: readonly string[];
  /** capture.json lists what was traced. */
  readonly lists: boolean;
}

const words = (text: string): string[] => text.trim().split(/\s+/);

const AMD = 'takedown_cpu _cpu_up _cpu_down select_fallback_rq migration_cpu_stop acpi_processor_add kvm_vcpu_kick kvm_destroy_vm kvm_dev_ioctl kvm_arch_dev_ioctl kvm_arch_vcpu_load svm_vcpu_load'; // prettier-ignore
const AMD_STARTING = `${AMD} cpuhp_kick_ap hardware_enable_nolock hardware_disable_nolock kvm_starting_cpu kvm_dying_cpu kvm_arch_hardware_enable kvm_arch_hardware_disable has_svm svm_hardware_disable svm_hardware_enable`; // prettier-ignore
const AMD_ONLINE = `${AMD} __balance_push_cpu_stop kvm_disable_virtualization_cpu kvm_offline_cpu kvm_online_cpu kvm_enable_virtualization kvm_disable_virtualization kvm_arch_enable_virtualization kvm_arch_disable_virtualization kvm_arch_enable_virtualization_cpu kvm_arch_disable_virtualization_cpu __kvm_is_svm_supported svm_check_processor_compat svm_disable_virtualization_cpu svm_prepare_switch_to_guest svm_enable_virtualization_cpu`; // prettier-ignore
const PROBES_STARTING = 'kvm_starting_cpu kvm_dying_cpu kvm_arch_hardware_enable svm_hardware_enable _cpu_up _cpu_down';
const PROBES_ONLINE = 'kvm_online_cpu kvm_offline_cpu kvm_enable_virtualization kvm_arch_enable_virtualization_cpu svm_check_processor_compat svm_enable_virtualization_cpu _cpu_up _cpu_down'; // prettier-ignore
const VIRT = 'x86_virt_get_ref x86_virt_put_ref x86_svm_enable_virtualization_cpu x86_svm_disable_virtualization_cpu';
const INTEL = 'kvm_sched_in kvm_sched_out vmread_error vmwrite_error vmclear_error vmptrld_error __loaded_vmcs_clear vmx_vcpu_load_vmcs vmx_vcpu_load vmx_vcpu_put vmx_vcpu_run'; // prettier-ignore
const INTEL_STARTING = 'hardware_enable_nolock hardware_disable_nolock kvm_starting_cpu kvm_dying_cpu kvm_arch_hardware_enable kvm_arch_hardware_disable'; // prettier-ignore
const INTEL_ONLINE = 'kvm_disable_virtualization_cpu kvm_offline_cpu kvm_online_cpu kvm_enable_virtualization kvm_disable_virtualization kvm_arch_enable_virtualization_cpu kvm_arch_disable_virtualization_cpu vmx_enable_virtualization_cpu vmx_disable_virtualization_cpu'; // prettier-ignore

export const RIG_KERNELS: readonly RigKernel[] = [
  {
    name: '5.10-amd', kernel: '5.10.262-1 (Debian 11)', release: '5.10.0-46-amd64', vendor: 'amd', online: false, lists: true,
    enable: 'svm_hardware_enable', functions: words(`${AMD_STARTING} svm_prepare_guest_switch`), probes: words(PROBES_STARTING),
  },
  {
    name: '6.1-amd', kernel: '6.1.192-2 (Debian 12)', release: '6.1.0-56-amd64', vendor: 'amd', online: false, lists: true,
    enable: 'svm_hardware_enable', functions: words(`${AMD_STARTING} __balance_push_cpu_stop svm_prepare_switch_to_guest`), probes: words(PROBES_STARTING),
  },
  {
    name: '6.12-amd', kernel: '6.12.117-1~deb12u1 (Debian 12)', release: '6.12.117+deb12-amd64', vendor: 'amd', online: true, lists: true,
    enable: 'svm_enable_virtualization_cpu', functions: words(AMD_ONLINE), probes: words(PROBES_ONLINE),
  },
  {
    name: '6.18-amd', kernel: '6.18.15-1~bpo13+1 (Debian 13)', release: '6.18.15+deb13-amd64', vendor: 'amd', online: true, lists: true,
    enable: 'svm_enable_virtualization_cpu', functions: words(AMD_ONLINE), probes: words(PROBES_ONLINE),
  },
  {
    name: '7.3-amd', kernel: '7.3.4-1~bpo13+1 (Debian 13)', release: '7.3.4+deb13-amd64', vendor: 'amd', online: true, lists: true,
    enable: 'svm_enable_virtualization_cpu', functions: words(`${AMD_ONLINE} ${VIRT}`), probes: words(`${PROBES_ONLINE} x86_virt_get_ref x86_svm_enable_virtualization_cpu`),
  },
  {
    name: '5.10-intel', kernel: '5.10.262-1 (Debian 11)', release: '5.10.0-46-cloud-amd64', vendor: 'intel', online: false, lists: false,
    enable: 'hardware_enable', functions: words(`${INTEL} ${INTEL_STARTING} hardware_enable hardware_disable`), probes: words('hardware_enable kvm_arch_hardware_enable kvm_dying_cpu kvm_starting_cpu'),
  },
  {
    name: '6.1-intel', kernel: '6.1.192-2 (Debian 12)', release: '6.1.0-56-cloud-amd64', vendor: 'intel', online: false, lists: true,
    enable: 'vmx_hardware_enable', functions: words(`${INTEL} ${INTEL_STARTING} vmx_hardware_enable vmx_hardware_disable`), probes: words('vmx_hardware_enable kvm_arch_hardware_enable kvm_dying_cpu kvm_starting_cpu'),
  },
  {
    name: '6.12-intel', kernel: '6.12.117-1~deb12u1 (Debian 12)', release: '6.12.117+deb12-cloud-amd64', vendor: 'intel', online: true, lists: true,
    enable: 'vmx_enable_virtualization_cpu', functions: words(`${INTEL} ${INTEL_ONLINE}`), probes: words('kvm_arch_enable_virtualization_cpu kvm_enable_virtualization kvm_offline_cpu kvm_online_cpu vmx_enable_virtualization_cpu'),
  },
]; // prettier-ignore
