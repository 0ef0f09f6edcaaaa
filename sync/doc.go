// Package boxsync is the exchange between one box and the office. It lies in
// the folder sync; the package has a name of its own so that no file ever
// holds two things called sync.
//
// # What it promises
//
//   - Both sides prove a pinned Ed25519 key under TLS 1.3; the dates in
//     certificates mean nothing, because a box's clock may be wrong.
//   - A received batch and its cursor are durable before they are acknowledged;
//     a cut loses at most the two batches in flight, and coming twice changes
//     nothing.
//   - A box writes its own school's Up records and nothing else, and is sent
//     its own outbox and nothing else.
//   - A rolled-back or copied store goes on under a new origin, and what differs
//     is found by comparing ranges.
//   - A lane costs no more a day and a month than its budget, over power cuts and
//     whatever the clock says; control and urgent never wait for it.
//   - Every attempt ends in one Report, which log, page and JSON all show.
//
// # On the wire
//
//	TCP → TLS 1.3, ALPN preau/1 → chunks → zstd with a dictionary → frames
//	frame: type (1 byte; 0x80 set: may be skipped) · length (uvarint) · CBOR
//
// docs/SYNC.md has every frame.
package boxsync
