import { useEffect, useRef } from 'react';
import { useStore } from 'zustand';
import { useApp } from '../use-app';
import { KernelBar } from './KernelBar';
import { mountKernelEditor, shownDoc } from './kernel-mount';
import './editor.css';
import './kernel-editor.css';

/** The text of the kernel that the run is on: read, searched, changed; or, with `changes`, what it differs by from the one below. */
export default function KernelEditor({ changes }: { readonly changes: boolean }) {
  const host = useRef<HTMLDivElement>(null);
  const doc = useStore(shownDoc, (s) => s.doc);
  // Until then the texts are without their comments.
  const whole = useApp((s) => s.allTexts);
  useEffect(() => (whole ? mountKernelEditor(host.current!, changes) : undefined), [whole, changes]);
  return (
    <div className="kernel-editor">
      {doc && <KernelBar doc={doc} changes={changes} />}
      {whole && !doc && (
        <p className="kernel-missing">This kernel cannot be put together: see the problems of the text.</p>
      )}
      <div ref={host} className="kernel-host" />
      <p id="kernel-editor-keys" className="kernel-keys">
        Tab indents; <kbd>Esc</kbd>, then <kbd>Tab</kbd> leaves. <kbd>F12</kbd> goes to a name, <kbd>Ctrl I</kbd> tells
        of it. <kbd>Ctrl Enter</kbd>, or a click on a line’s number, runs to it.
      </p>
    </div>
  );
}
