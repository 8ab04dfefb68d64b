import { Mark } from './columns';

/** How loud a line of the kernel log is. */
export function markOfLogLine(text: string): Mark {
  if (/^(kernel BUG at |Kernel panic - not syncing|Oops: |BUG: unable to handle|general protection fault)/.test(text))
    return Mark.oops;
  if (
    /enabling virtualization on CPU\d+ failed|^Error taking CPU\d+ up|watchdog: BUG: soft lockup|^CPU\d+ failed to/.test(
      text,
    )
  )
    return Mark.failure;
  if (
    /^WARNING: |^INFO: task .* blocked for more|: INFO: rcu_.*(stall|detected)|^INFO: rcu|^BUG: |no longer affine to cpu/.test(
      text,
    )
  )
    return Mark.warning;
  return Mark.log;
}
