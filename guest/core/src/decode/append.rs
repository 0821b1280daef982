//! Appending texts, most of which are short.

/// Appends a text.
///
/// To copy a number of bytes that is not known beforehand costs a call, in WebAssembly even one to the host: for the few
/// bytes of most keys and values, that is longer than the copy takes. So these are copied by two copies of a fixed length
/// that overlap: from the text's beginning, and up to its end.
#[inline]
pub fn append(text: &[u8], out: &mut Vec<u8>) {
    match text.len() {
        0 => {}
        1 => out.push(text[0]),
        2..4 => append_ends::<2>(text, out),
        4..8 => append_ends::<4>(text, out),
        8..16 => append_ends::<8>(text, out),
        16..=32 => append_ends::<16>(text, out),
        33..=64 => append_ends::<32>(text, out),
        65..=128 => append_ends::<64>(text, out),
        _ => out.extend_from_slice(text),
    }
}

/// Appends a text of N to 2 N bytes.
#[inline]
fn append_ends<const N: usize>(text: &[u8], out: &mut Vec<u8>) {
    if let (Some(first), Some(last)) = (text.first_chunk::<N>(), text.last_chunk::<N>()) {
        let end = out.len() + text.len();
        out.extend_from_slice(first);
        out.truncate(end - N);
        out.extend_from_slice(last);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_of_every_length_are_appended_whole() {
        let text: Vec<u8> = (0..=255).collect();
        for length in 0..text.len() {
            let mut out = b"before".to_vec();
            append(&text[..length], &mut out);
            append(b"!", &mut out);
            assert_eq!(out, [b"before", &text[..length], b"!"].concat());
        }
    }
}
