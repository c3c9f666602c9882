//! `copydesk health`: one plain GET, for a container that has no curl and no shell.

use std::{
    io::{self, Read as _, Write as _},
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpStream, ToSocketAddrs as _},
    time::Duration,
};

use url::Url;

use super::{Failure, port_variable};
use crate::config::bind_address;

/// For connecting, writing and reading each: together they stay under the five seconds that a probe is commonly given.
const STEP_TIMEOUT: Duration = Duration::from_millis(1500);

/// The longest status line that is looked at, in bytes.
const STATUS_LINE_BYTES: u64 = 256;

/// This machine, by the family that is asked first.
const LOOPBACK: [IpAddr; 2] = [IpAddr::V4(Ipv4Addr::LOCALHOST), IpAddr::V6(Ipv6Addr::LOCALHOST)];

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// What to ask [default: /readyz at the service's own address]
    #[arg(long)]
    url: Option<String>,
    /// The address that the service listens on
    #[arg(long, env = "COPYDESK_BIND", value_name = "ADDRESS")]
    bind: Option<String>,
}

pub(super) fn run(args: &Args) -> Result<(), Failure> {
    let question = match &args.url {
        Some(url) => HealthQuery::of_url(url)?,
        None => HealthQuery::of_address(bind_address(
            "--bind",
            args.bind.as_deref(),
            port_variable().as_deref(),
        )?),
    };
    let status = question
        .ask()
        .map_err(Failure::system(format!("asking {}{}", question.host, question.path)))?;
    if (200..300).contains(&status) {
        return Ok(());
    }
    Err(Failure::No(format!(
        "{}{} answers {status}",
        question.host, question.path
    )))
}

#[derive(Debug)]
struct HealthQuery {
    /// Tried in order.
    addresses: Vec<SocketAddr>,
    host: String,
    path: String,
}

impl HealthQuery {
    fn of_address(bind: SocketAddr) -> Self {
        // "All addresses" is none that one can connect to; where there is no IPv6, it was IPv4 that was opened.
        let hosts: Vec<IpAddr> = match bind.ip() {
            IpAddr::V6(ip) if ip.is_unspecified() => LOOPBACK.to_vec(),
            IpAddr::V4(ip) if ip.is_unspecified() => vec![Ipv4Addr::LOCALHOST.into()],
            ip => vec![ip],
        };
        let addresses: Vec<_> = hosts
            .into_iter()
            .map(|host| SocketAddr::new(host, bind.port()))
            .collect();
        HealthQuery {
            host: addresses[0].to_string(),
            addresses,
            path: "/readyz".to_owned(),
        }
    }

    fn of_url(text: &str) -> Result<Self, Failure> {
        let no = |why: &str| Failure::No(format!("bad --url {text:?}: {why}"));
        let url = Url::parse(text).map_err(|error| no(&error.to_string()))?;
        if url.scheme() != "http" {
            return Err(no("only http: this asks a service on its own machine"));
        }
        let host = url.host_str().ok_or_else(|| no("it has no host"))?;
        let port = url.port_or_known_default().unwrap_or(80);
        let bare = host.trim_start_matches('[').trim_end_matches(']');
        let addresses = if bare == "localhost" {
            // An empty image has no /etc/hosts to find it in.
            LOOPBACK.iter().map(|&ip| SocketAddr::new(ip, port)).collect()
        } else {
            let found = (bare, port).to_socket_addrs();
            found.map_err(Failure::system(format!("looking up {host}")))?.collect()
        };
        Ok(HealthQuery {
            addresses,
            host: format!("{host}:{port}"),
            path: url[url::Position::BeforePath..url::Position::AfterQuery].to_owned(),
        })
    }

    /// The status of the answer.
    fn ask(&self) -> io::Result<u16> {
        let mut stream = self.connect()?;
        stream.set_read_timeout(Some(STEP_TIMEOUT))?;
        stream.set_write_timeout(Some(STEP_TIMEOUT))?;
        let (path, host) = (&self.path, &self.host);
        write!(
            stream,
            "GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n"
        )?;
        let mut line = Vec::new();
        while !line.contains(&b'\n') && (line.len() as u64) < STATUS_LINE_BYTES {
            let mut piece = [0; STATUS_LINE_BYTES as usize];
            let length = stream.read(&mut piece)?;
            if length == 0 {
                break;
            }
            line.extend_from_slice(&piece[..length]);
        }
        status(&line).ok_or_else(|| io::Error::new(io::ErrorKind::InvalidData, "the answer is no HTTP"))
    }

    fn connect(&self) -> io::Result<TcpStream> {
        let mut last = io::Error::new(io::ErrorKind::AddrNotAvailable, "there is no address");
        for address in &self.addresses {
            match TcpStream::connect_timeout(address, STEP_TIMEOUT) {
                Ok(stream) => return Ok(stream),
                Err(error) => last = error,
            }
        }
        Err(last)
    }
}

fn status(line: &[u8]) -> Option<u16> {
    let line = std::str::from_utf8(line.split(|&byte| byte == b'\r').next()?).ok()?;
    line.strip_prefix("HTTP/1.")?.split(' ').nth(1)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_status_line_is_read() {
        assert_eq!(status(b"HTTP/1.1 200 OK\r\nX: y"), Some(200));
        assert_eq!(status(b"HTTP/1.0 503\r\n"), Some(503));
        assert_eq!(status(b"SSH-2.0-OpenSSH\r\n"), None);
        assert_eq!(status(b""), None);
    }

    #[test]
    fn all_addresses_are_asked_on_this_machine() {
        let question = HealthQuery::of_address("[::]:81".parse().expect("an address"));
        assert_eq!(question.addresses.len(), 2);
        assert_eq!(question.host, "127.0.0.1:81");
    }

    #[test]
    fn localhost_is_not_looked_up() {
        let question = HealthQuery::of_url("http://localhost:81/livez").expect("a good URL");
        assert_eq!(question.addresses.len(), 2);
    }

    #[test]
    fn a_url_keeps_its_path_and_query() {
        let question = HealthQuery::of_url("http://127.0.0.1:82/readyz?verbose#x").expect("a good URL");
        assert_eq!(
            (question.host.as_str(), question.path.as_str()),
            ("127.0.0.1:82", "/readyz?verbose")
        );
        assert!(HealthQuery::of_url("https://127.0.0.1/").is_err());
        assert!(HealthQuery::of_url("readyz").is_err());
    }
}
