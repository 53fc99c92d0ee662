//! The limit: a scanner that knows the fields, their order and that no string is escaped, and keeps one candle a symbol
//! open, since the ticks are in order. It refuses what it does not know, and would be of no other use.

use std::io::{Read, Write};

struct Candle {
    symbol: Vec<u8>,
    minute: u64,
    open: u64,
    high: u64,
    low: u64,
    close: u64,
    volume: u64,
    count: u64,
}

/// Prices are whole ten-thousandths.
const SCALE: u64 = 10_000;

fn print(out: &mut Vec<u8>, candle: &Candle) {
    out.extend_from_slice(&candle.symbol);
    write!(out, ",{}", candle.minute * 60_000).unwrap();
    for price in [candle.open, candle.high, candle.low, candle.close] {
        write!(out, ",{}.{:04}", price / SCALE, price % SCALE).unwrap();
    }
    writeln!(out, ",{},{}", candle.volume, candle.count).unwrap();
}

fn expect<'a>(line: &'a [u8], text: &[u8]) -> &'a [u8] {
    line.strip_prefix(text).unwrap_or_else(|| panic!("a line in another form: {}", String::from_utf8_lossy(line)))
}

fn digits(line: &[u8]) -> (u64, usize, &[u8]) {
    let mut value = 0;
    let mut at = 0;
    while line[at].is_ascii_digit() {
        value = value * 10 + u64::from(line[at] - b'0');
        at += 1;
    }
    (value, at, &line[at..])
}

fn take(line: &[u8], open: &mut Vec<Candle>, out: &mut Vec<u8>) {
    let line = expect(line, b"{\"symbol\":\"");
    let end = line.iter().position(|&byte| byte == b'"').unwrap();
    let (symbol, line) = line.split_at(end);
    let (time, _, line) = digits(expect(line, b"\",\"time\":"));
    let (whole, _, mut line) = digits(expect(line, b",\"price\":\""));
    let mut price = whole * SCALE;
    if line[0] == b'.' {
        let (fraction, places, after) = digits(&line[1..]);
        assert!(places <= 4);
        price += fraction * 10u64.pow(4 - places as u32);
        line = after;
    }
    let (size, _, line) = digits(expect(line, b"\",\"size\":"));
    assert_eq!(line, b"}");
    let minute = time / 60_000;
    match open.iter_mut().find(|candle| candle.symbol == symbol) {
        Some(candle) if candle.minute == minute => {
            candle.high = candle.high.max(price);
            candle.low = candle.low.min(price);
            candle.close = price;
            candle.volume += size;
            candle.count += 1;
        }
        found => {
            let next = Candle { symbol: symbol.to_vec(), minute, open: price, high: price, low: price, close: price, volume: size, count: 1 };
            match found {
                Some(candle) => print(out, &std::mem::replace(candle, next)),
                None => open.push(next),
            }
        }
    }
}

fn main() {
    let mut file = std::fs::File::open(std::env::args().nth(1).expect("the file of ticks")).unwrap();
    let mut buffer = vec![0; 1 << 18];
    let mut held = 0;
    let (mut open, mut out) = (Vec::new(), Vec::new());
    loop {
        let read = file.read(&mut buffer[held..]).unwrap();
        held += read;
        let mut from = 0;
        while let Some(length) = buffer[from..held].iter().position(|&byte| byte == b'\n') {
            take(&buffer[from..from + length], &mut open, &mut out);
            from += length + 1;
        }
        buffer.copy_within(from..held, 0);
        held -= from;
        if read == 0 {
            assert_eq!(held, 0, "the last line has no end, or one is longer than the buffer");
            break;
        }
    }
    open.iter().for_each(|candle| print(&mut out, candle));
    std::io::stdout().write_all(&out).unwrap();
}
