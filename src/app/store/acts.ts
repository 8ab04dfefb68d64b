/** Acts on the machine: each one writes its line into the litmus text, and the run is made again. */
import { armed, hotAdd, pin, setArmed, setKernel, setOnline, startVm } from '../../litmus/edit';
import { get } from './store';
import { setText } from './text';

export type Act =
  | { readonly kind: 'hotadd' | 'start-vm' }
  | { readonly kind: 'online' | 'offline' | 'fault'; readonly cpu: number }
  | { readonly kind: 'kernel'; readonly name: string }
  | { readonly kind: 'pin'; readonly vcpu: number; readonly cpu: number };

export function act(what: Act): void {
  const s = get();
  if (s.showing !== 'run') return;
  const text = change(s.text, what, s.run?.program.vcpus.map((v) => v.name) ?? []);
  setText(text);
}

function change(text: string, what: Act, vcpus: readonly string[]): string {
  switch (what.kind) {
    case 'hotadd':
      return hotAdd(text);
    case 'start-vm':
      return startVm(text);
    case 'online':
    case 'offline':
      return setOnline(text, what.cpu, what.kind === 'online');
    case 'fault':
      return setArmed(text, what.cpu, !armed(text, what.cpu));
    case 'kernel':
      return setKernel(text, what.name);
    case 'pin': {
      const vcpu = vcpus[what.vcpu];
      return vcpu === undefined ? text : pin(text, vcpu, what.cpu);
    }
  }
}
