import { Fault } from '@rivulet/faults'
import type { Id } from '@rivulet/ids'

/** What was found at one of the two places where a proof may lie. */
export type Finding =
  | 'found'
  /** No record, or no file (404 and the like). */
  | 'nothing'
  /** A record or a file, but of another text. */
  | 'other-text'
  /** The file's address leads to another site, which is no proof of this one. */
  | 'other-site'
  /** No answer: this says nothing either way. */
  | 'no-answer'
  /** An address of numbers has no records of its own. */
  | 'no-name'

export interface Findings {
  readonly dns: Finding
  readonly file: Finding
}

/**
 * proven: the proof was found, at the last look or, while it is missing, at one shortly before. lost: it was proven once, and the proof is gone. unproven: never seen.
 */
export interface Proof {
  readonly state: 'unproven' | 'proven' | 'lost'
  /** Where it was found last. */
  readonly method: 'dns' | 'file' | undefined
  /** Since when it has been proven without a break. */
  readonly provenSinceMs: number | undefined
  /** Last time that it was found. */
  readonly foundAtMs: number | undefined
  readonly lostAtMs: number | undefined
  /** Looks in a row at which it was certainly not there. */
  readonly misses: number
  readonly checkedAtMs: number | undefined
  readonly findings: Findings | undefined
  /** When it is looked at again by itself; undefined: only when its owner asks. */
  readonly nextCheckAtMs: number | undefined
}

/** An origin on which a publisher's pages lie. */
export interface Site extends Proof {
  readonly id: Id<'site'>
  readonly personId: Id<'pers'>
  /** `https://example.org`, as browsers write it. */
  readonly origin: string
  /** What the record or the file has to say. */
  readonly token: string
  readonly createdAtMs: number
}

export type SiteFaultCode = 'site-invalid' | 'site-known' | 'site-unknown' | 'sites-too-many' | 'check-too-soon'
export class SiteFault extends Fault<SiteFaultCode> {}

const hourMs = 3_600_000
const dayMs = 24 * hourMs
/** A record is missing for a moment when a zone is moved: the state is lost only when it is missing again and again. */
const missesMax = 3
/** A site that cannot be asked at all keeps its state for so long. */
const silenceMsMax = 7 * dayMs
/** An owner who is at it is helped along for so long; after that she asks herself. */
const watchedUnprovenMs = 3 * dayMs
const watchedLostMs = 30 * dayMs

export function newProof(nowMs: number): Proof {
  return { state: 'unproven', method: undefined, provenSinceMs: undefined, foundAtMs: undefined, lostAtMs: undefined, misses: 0, checkedAtMs: undefined, findings: undefined, nextCheckAtMs: nowMs + hourMs }
}

/** The state after a look, and when to look again. Pure. @param createdAtMs of the site */
export function afterCheck(proof: Proof, createdAtMs: number, findings: Findings, nowMs: number): Proof {
  const checked = { ...proof, checkedAtMs: nowMs, findings }
  if (findings.dns === 'found' || findings.file === 'found') {
    return { ...checked, state: 'proven', method: findings.dns === 'found' ? 'dns' : 'file', provenSinceMs: proof.state === 'proven' ? proof.provenSinceMs : nowMs, foundAtMs: nowMs, lostAtMs: undefined, misses: 0, nextCheckAtMs: nowMs + dayMs }
  }
  if (proof.state === 'unproven') return { ...checked, nextCheckAtMs: nowMs < createdAtMs + watchedUnprovenMs ? nowMs + hourMs : undefined }
  if (proof.state === 'lost') return { ...checked, nextCheckAtMs: nowMs < (proof.lostAtMs ?? 0) + watchedLostMs ? nowMs + dayMs : undefined }
  // Where it was found last it may be found again as long as that place does not answer.
  const silent = (proof.method === 'dns' ? findings.dns : findings.file) === 'no-answer'
  const misses = silent ? proof.misses : proof.misses + 1
  const lost = misses >= missesMax || nowMs - (proof.foundAtMs ?? 0) > silenceMsMax
  return lost ? { ...checked, state: 'lost', provenSinceMs: undefined, lostAtMs: nowMs, misses, nextCheckAtMs: nowMs + dayMs } : { ...checked, misses, nextCheckAtMs: nowMs + hourMs }
}
