/** ISO 8601 dates and date-times of text files, to milliseconds since 1970. */

const MS_PER_MINUTE = 60_000
const MS_PER_DAY = 86_400_000
const DAYS_IN_MONTH = [31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]

/**
 * Parses `yyyy-mm-dd`, then optionally `T` or a space and `hh:mm`, `:ss`, `.` and 1 to 9 digits,
 * then optionally `Z` or an offset `+hh:mm`. A time without a zone is UTC, so that the result
 * does not depend on the machine. Years are 0000 to 9999 of the proleptic Gregorian calendar.
 *
 * @param out - receives whole milliseconds, rounded down, at `index`
 * @returns false, `out` unchanged, when bytes [start, end) are anything else
 */
export function parseDate(
  bytes: Uint8Array,
  start: number,
  end: number,
  out: Float64Array,
  index: number,
): boolean {
  const length = end - start
  if (length < 10 || bytes[start + 4] !== 45 || bytes[start + 7] !== 45) return false
  const year = twoDigits(bytes, start) * 100 + twoDigits(bytes, start + 2)
  const month = twoDigits(bytes, start + 5)
  const day = twoDigits(bytes, start + 8)
  // A wrong digit makes its number NaN, and NaN is in no range.
  if (!(year >= 0 && month >= 1 && month <= 12 && day >= 1)) return false
  if (!(day <= DAYS_IN_MONTH[month - 1]!)) return false
  if (month === 2 && day === 29 && !isLeapYear(year)) return false
  const time = length === 10 ? 0 : parseTime(bytes, start + 10, end)
  if (time !== time) return false
  out[index] = daysSince1970(year, month, day) * MS_PER_DAY + time
  return true
}

/** Milliseconds of the day of `Thh:mm...` in [start, end), the offset applied, or NaN. */
function parseTime(bytes: Uint8Array, start: number, end: number): number {
  const mark = bytes[start]
  if ((mark !== 84 && mark !== 32) || end - start < 6 || bytes[start + 3] !== 58) return NaN
  const hours = twoDigits(bytes, start + 1)
  const minutes = twoDigits(bytes, start + 4)
  if (!(hours < 24 && minutes < 60)) return NaN
  let time = (hours * 60 + minutes) * MS_PER_MINUTE
  let p = start + 6
  if (p < end && bytes[p] === 58) {
    const seconds = p + 3 <= end ? twoDigits(bytes, p + 1) : NaN
    if (!(seconds < 60)) return NaN
    time += seconds * 1000
    p += 3
    if (p < end && bytes[p] === 46) {
      let fraction = 0
      let unit = 1
      const first = ++p
      for (; p < end && p - first < 9 && isDigit(bytes[p]!); p++) {
        fraction = fraction * 10 + bytes[p]! - 48
        unit *= 10
      }
      if (p === first) return NaN
      time += Math.floor((fraction * 1000) / unit)
    }
  }
  return time - parseZone(bytes, p, end)
}

/** Milliseconds east of UTC of ``, `Z` or `+hh:mm` in [start, end), or NaN. */
function parseZone(bytes: Uint8Array, start: number, end: number): number {
  if (start === end) return 0
  const sign = bytes[start]
  if (sign === 90) return end === start + 1 ? 0 : NaN
  if ((sign !== 43 && sign !== 45) || end !== start + 6 || bytes[start + 3] !== 58) return NaN
  const hours = twoDigits(bytes, start + 1)
  const minutes = twoDigits(bytes, start + 4)
  if (!(hours < 24 && minutes < 60)) return NaN
  return (sign === 43 ? 1 : -1) * (hours * 60 + minutes) * MS_PER_MINUTE
}

/** Days from 1970-01-01 (H. Hinnant, "chrono-compatible low-level date algorithms"). */
function daysSince1970(year: number, month: number, day: number): number {
  const y = month <= 2 ? year - 1 : year
  const era = Math.floor(y / 400)
  const yearOfEra = y - era * 400
  const dayOfYear = Math.floor((153 * (month > 2 ? month - 3 : month + 9) + 2) / 5) + day - 1
  const leapDays = Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100)
  return era * 146_097 + yearOfEra * 365 + leapDays + dayOfYear - 719_468
}

function isLeapYear(year: number): boolean {
  return year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0)
}

function twoDigits(bytes: Uint8Array, p: number): number {
  const tens = bytes[p]!
  const ones = bytes[p + 1]!
  return isDigit(tens) && isDigit(ones) ? (tens - 48) * 10 + ones - 48 : NaN
}

function isDigit(byte: number): boolean {
  return byte >= 48 && byte <= 57
}
