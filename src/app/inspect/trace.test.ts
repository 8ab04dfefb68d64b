import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { importFiles } from '../../timeline/import-files';
import { deaths, eventsAt, firstLook, stateAt, traceSentence } from './trace';

const read = async (id: string, names: readonly string[]) =>
  importFiles(names.map((name) => ({ name, data: new Uint8Array(readFileSync(`public/captures/${id}/${name}`)) })));

const traceOf = async (id: string, names: readonly string[]) => {
  const { timeline, report } = await read(id, names);
  return { id, title: timeline.title, about: '', timeline, report };
};

it('says who died where, and nothing where nobody died', async () => {
  const dead = await traceOf('6.1/v2', ['trace.txt.gz', 'trace-2.txt.gz', 'dmesg.txt', 'vmm.txt', 'capture.json']);
  expect(traceSentence(dead.timeline)).toMatchObject({
    tone: 'oops',
    headline: 'vcpu0 (157) on CPU 1 died: kernel BUG at arch/x86/kvm/x86.c:511 in kvm_spurious_fault',
  });
  const [first] = deaths(dead.timeline);
  expect(first).toMatchObject({ cpu: 1, caller: 'vmx_vcpu_load_vmcs [kvm_intel]' });
  const [event] = eventsAt(dead.timeline, first!.at);
  expect(event!.tracks).toEqual(['CPU 1', 'vCPU vcpu0 (157)']);
  expect(stateAt(dead.timeline, first!.at).map((s) => s.cpu)).toContain('CPU 1');

  const alive = await traceOf('7.3/s2', ['dmesg.txt', 'vmm.txt']);
  expect(traceSentence(alive.timeline)).toMatchObject({ tone: 'unknown', details: ['no oops was logged'] });
});

it('says what refused a CPU, and opens there', async () => {
  const whole = await traceOf('6.12/v2', ['trace.txt.gz', 'trace-2.txt.gz', 'dmesg.txt', 'vmm.txt', 'capture.json']);
  expect(traceSentence(whole.timeline)).toMatchObject({
    tone: 'fail',
    headline: 'The online write of cpu1 returned -EIO: kvm_online_cpu [kvm] failed, the CPU rolled back',
  });
  const hot = await traceOf('7.3/s2', ['trace.txt.gz', 'states.txt', 'dmesg.txt']);
  expect(traceSentence(hot.timeline)).toMatchObject({
    tone: 'fail',
    headline: 'The online write of cpu4 returned -EIO: kvm/cpu:online failed, the CPU rolled back',
  });
  const { at, cpu } = firstLook(hot.timeline);
  expect(cpu).toBe(4);
  expect(eventsAt(hot.timeline, at)[0]!.what).toMatch(/^kvm_online_cpu .*returned -5/);
});
