/**
 * The repository on github.com that the remote `origin` of a `.git/config` names, as `owner/name`.
 *
 * Nothing else of its address is kept: it may hold a token.
 */
export function githubRepository(gitConfig: string): string | undefined {
  const section = /^\[remote "origin"\][^[]*/m.exec(gitConfig)?.[0] ?? '';
  const address = /^\s*url\s*=\s*(\S+)\s*$/m.exec(section)?.[1] ?? '';
  return /^(?:https:\/\/|ssh:\/\/)?(?:[^@/\s]+@)?github\.com[:/]([^/\s]+\/[^/\s]+?)(?:\.git)?\/?$/i.exec(
    address,
  )?.[1];
}

/** The branch that `.git/refs/remotes/origin/HEAD` names: the default one when the repository was cloned. */
export function defaultBranch(originHead: string): string | undefined {
  return /^ref: refs\/remotes\/origin\/(\S+)\s*$/.exec(originHead)?.[1];
}
