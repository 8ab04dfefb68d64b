/**
 * Dragging a vCPU by its name: to a CPU, which pins it there, or to "any CPU", which lets it go. What would happen is shown
 * while it is dragged; Escape leaves all as it was. By keyboard the same is in the vCPU's menu.
 */
import type { LanesEvents, LanesView } from '../lanes/lanes-view';
import { act } from './store/acts';
import { whyNotAct } from './store/possible';
import { get } from './store/store';
import styles from './drag-vcpu.module.css';

type Drag = LanesEvents['drag'];

interface Held {
  readonly vcpu: number;
  readonly name: string;
  readonly layer: HTMLElement;
  readonly ghost: HTMLElement;
  readonly target: HTMLElement;
  readonly any: HTMLElement;
}

let held: Held | null = null;

const part = (parent: HTMLElement, className: string | undefined): HTMLElement => {
  const element = document.createElement('div');
  element.className = className ?? '';
  parent.append(element);
  return element;
};

function begin(view: LanesView, { from }: Drag): void {
  const { name } = view.timeline.tracks[from.track]!;
  const vcpu = get().run?.program.vcpus.findIndex((v) => v.name === name) ?? -1;
  const host = view.canvas.parentElement;
  if (vcpu < 0 || !host) return;
  const layer = part(host, styles.layer);
  layer.setAttribute('aria-hidden', 'true');
  const target = part(layer, styles.target);
  const any = part(layer, styles.any);
  any.textContent = 'any CPU: unpin';
  held = { vcpu, name, layer, ghost: part(layer, styles.ghost), target, any };
}

/** The CPU under the pointer, -1 for "any", null for nothing. */
function cpuAt(view: LanesView, { to, clientX, clientY }: Drag): number | null {
  const box = held!.any.getBoundingClientRect();
  if (clientX >= box.left && clientX <= box.right && clientY >= box.top && clientY <= box.bottom) return -1;
  const track = view.timeline.tracks[to.track];
  return track && track.kind !== 'vcpu' && track.cpu >= 0 ? track.cpu : null;
}

function show(view: LanesView, event: Drag): void {
  const { layer, ghost, target, any, vcpu, name } = held!;
  const cpu = cpuAt(view, event);
  const reason = cpu === null ? '' : whyNotAct(get(), { kind: 'pin', vcpu, cpu });
  const { left, top } = layer.getBoundingClientRect();
  ghost.style.transform = `translate(${event.clientX - left + 12}px, ${event.clientY - top + 12}px)`;
  const to = cpu === null ? '' : cpu < 0 ? ' → any CPU' : ` → CPU ${cpu}`;
  ghost.textContent = reason === '' ? `${name}${to}` : `${name}: ${reason}`;
  ghost.dataset.refused = String(reason !== '');
  any.dataset.over = String(cpu === -1);
  const row = cpu === null || cpu < 0 || reason !== '' ? null : view.rowBox(event.to.track);
  target.hidden = row === null;
  if (row) {
    target.style.top = `${row.top}px`;
    target.style.height = `${row.height}px`;
  }
}

/** A part of a drag, as the lanes tell it. */
export function dragVcpu(view: LanesView, event: Drag): void {
  if (event.phase === 'start') begin(view, event);
  if (held === null) return;
  if (event.phase === 'start' || event.phase === 'move') {
    show(view, event);
    return;
  }
  const { vcpu, layer } = held;
  const cpu = event.phase === 'end' ? cpuAt(view, event) : null;
  layer.remove();
  held = null;
  if (cpu !== null) act({ kind: 'pin', vcpu, cpu });
}
