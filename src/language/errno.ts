/** Linux errno values by name (include/uapi/asm-generic/errno-base.h, errno.h); the kernel texts write `-EIO`. */
export const ERRNO: Readonly<Record<string, number>> = {
  EPERM: 1,
  ENOENT: 2,
  ESRCH: 3,
  EINTR: 4,
  EIO: 5,
  ENXIO: 6,
  EBADF: 9,
  EAGAIN: 11,
  ENOMEM: 12,
  EACCES: 13,
  EFAULT: 14,
  EBUSY: 16,
  EEXIST: 17,
  ENODEV: 19,
  EINVAL: 22,
  ENOSPC: 28,
  EDEADLK: 35,
  ENOSYS: 38,
  EOPNOTSUPP: 95,
  ECANCELED: 125,
};

const NAMES = new Map(Object.entries(ERRNO).map(([name, value]) => [value, name]));

/** `-5` becomes `-EIO`; other numbers stay numbers. */
export function errnoName(result: number): string {
  if (result >= 0) return String(result);
  const name = NAMES.get(-result);
  return name ? `-${name}` : String(result);
}
