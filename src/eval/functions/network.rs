//! Addresses of networks, and names made of others.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use ipnet::IpNet;
use uuid::Uuid;

use super::{Args, Fail, Function, Outcome, Takes, function, param};
use crate::eval::Value;

const GROUP: &str = "Networks and identifiers";
const PREFIX: super::Param = param("prefix", Takes::String);

pub(super) static FUNCTIONS: &[Function] = &[
    function(
        "cidrhost",
        GROUP,
        &[PREFIX, param("hostnum", Takes::Number)],
        cidrhost,
        "The address with this number in a network; a negative number counts from its end.",
        "cidrhost(\"10.12.112.0/20\", 16)",
    ),
    function(
        "cidrnetmask",
        GROUP,
        &[PREFIX],
        cidrnetmask,
        "The mask of an IPv4 network.",
        "cidrnetmask(\"172.16.0.0/12\")",
    ),
    function(
        "cidrsubnet",
        GROUP,
        &[PREFIX, param("newbits", Takes::Number), param("netnum", Takes::Number)],
        cidrsubnet,
        "The network with this number among those that are `newbits` longer.",
        "cidrsubnet(\"172.16.0.0/12\", 4, 2)",
    ),
    function(
        "cidrsubnets",
        GROUP,
        &[PREFIX],
        cidrsubnets,
        "Consecutive networks in a network, each longer by so many bits.",
        "cidrsubnets(\"10.1.0.0/16\", 4, 4, 8, 4)",
    )
    .variadic(param("newbits", Takes::Number)),
    function(
        "uuidv5",
        GROUP,
        &[param("namespace", Takes::String), param("name", Takes::String)],
        uuidv5,
        "The UUID that a name has in a namespace: `dns`, `url`, `oid`, `x500` or another UUID. The same each time.",
        "uuidv5(\"dns\", \"www.contoso.com\")",
    ),
];

/// A network with the number of its first address.
struct Network {
    first: u128,
    bits: u32,
    width: u32,
}

impl Network {
    fn of(args: &Args<'_, '_>) -> Result<Self, Fail> {
        let text = args.str(0)?;
        let fail =
            || Fail::Argument(0, format!("invalid CIDR expression: {text:?} is not an address with a prefix length"));
        let net: IpNet = text.parse().map_err(|_| fail())?;
        Ok(match net.trunc() {
            IpNet::V4(net) => Self { first: u32::from(net.network()).into(), bits: net.prefix_len().into(), width: 32 },
            IpNet::V6(net) => Self { first: net.network().into(), bits: net.prefix_len().into(), width: 128 },
        })
    }

    fn address(&self, number: u128) -> IpAddr {
        match u32::try_from(number) {
            Ok(number) if self.width == 32 => Ipv4Addr::from(number).into(),
            _ => Ipv6Addr::from(number).into(),
        }
    }

    /// How many addresses it has, less one.
    fn last(&self) -> u128 {
        let host = self.width - self.bits;
        if host >= 128 { u128::MAX } else { (1_u128 << host) - 1 }
    }

    fn written(&self, first: u128, bits: u32) -> Value {
        Value::string(format!("{}/{bits}", self.address(first)))
    }

    /// The length of its networks that are so many bits longer.
    fn longer(&self, at: usize, newbits: i64) -> Result<u32, Fail> {
        if newbits < 1 {
            return Err(Fail::Argument(at, "must extend prefix by at least one bit".into()));
        }
        let bits =
            u32::try_from(newbits).ok().and_then(|more| self.bits.checked_add(more)).filter(|bits| *bits <= self.width);
        bits.ok_or_else(|| {
            let room = self.width - self.bits;
            Fail::Argument(
                at,
                format!("not enough remaining address space for a subnet with {newbits} more bits: {room} are left"),
            )
        })
    }
}

fn cidrhost(args: &Args<'_, '_>) -> Outcome {
    let network = Network::of(args)?;
    let number = args.int(1)?;
    let last = network.last();
    let size = u128::from(number.unsigned_abs());
    let offset = if number >= 0 {
        Some(size).filter(|at| *at <= last)
    } else {
        (last.checked_sub(size - 1)).filter(|_| size - 1 <= last)
    };
    let offset = offset.ok_or_else(|| {
        Fail::Argument(1, format!("prefix of {} does not accommodate a host numbered {number}", network.bits))
    })?;
    Ok(Value::string(network.address(network.first + offset).to_string()))
}

fn cidrnetmask(args: &Args<'_, '_>) -> Outcome {
    let text = args.str(0)?;
    match text.parse() {
        Ok(IpNet::V4(net)) => Ok(Value::string(net.netmask().to_string())),
        Ok(IpNet::V6(_)) => Err(Fail::Argument(0, "IPv6 addresses cannot have a netmask".into())),
        Err(_) => {
            Err(Fail::Argument(0, format!("invalid CIDR expression: {text:?} is not an address with a prefix length")))
        }
    }
}

fn cidrsubnet(args: &Args<'_, '_>) -> Outcome {
    let network = Network::of(args)?;
    let newbits = args.int(1)?;
    if newbits == 0 && args.int(2)? == 0 {
        return Ok(network.written(network.first, network.bits));
    }
    let bits = network.longer(1, newbits)?;
    let number = args.int(2)?;
    let room = if newbits >= 128 { u128::MAX } else { (1_u128 << newbits) - 1 };
    let number = u128::try_from(number).ok().filter(|number| *number <= room);
    let number = number.ok_or_else(|| {
        Fail::Argument(2, format!("prefix extension of {newbits} does not accommodate a subnet with this number"))
    })?;
    let shift = network.width - bits;
    let offset = if shift >= 128 { 0 } else { number << shift };
    Ok(network.written(network.first | offset, bits))
}

fn cidrsubnets(args: &Args<'_, '_>) -> Outcome {
    let network = Network::of(args)?;
    let mut next: Option<u128> = Some(network.first);
    let mut found = Vec::new();
    for at in 1..args.len() {
        let newbits = args.int(at)?;
        if newbits > 32 {
            return Err(Fail::Argument(at, "may not extend prefix by more than 32 bits".into()));
        }
        let bits = network.longer(at, newbits)?;
        let size = if network.width - bits >= 128 { u128::MAX } else { 1_u128 << (network.width - bits) };
        // The next network of this size begins at a multiple of it.
        let start = next.and_then(|next| next.checked_add(size - 1)).map(|next| next / size * size);
        let end = start.and_then(|start| start.checked_add(size - 1));
        let inside = start.zip(end).filter(|(_, end)| *end <= network.first + network.last());
        let Some((start, end)) = inside else {
            return Err(Fail::Argument(
                at,
                format!("not enough remaining address space for a subnet with a prefix of {bits} bits"),
            ));
        };
        found.push(network.written(start, bits));
        next = end.checked_add(1);
    }
    Ok(Value::List(found.into()))
}

fn uuidv5(args: &Args<'_, '_>) -> Outcome {
    let namespace = match args.str(0)? {
        "dns" => Uuid::NAMESPACE_DNS,
        "url" => Uuid::NAMESPACE_URL,
        "oid" => Uuid::NAMESPACE_OID,
        "x500" => Uuid::NAMESPACE_X500,
        other => Uuid::parse_str(other)
            .map_err(|_| Fail::Argument(0, "`dns`, `url`, `oid`, `x500` or a UUID is required".into()))?,
    };
    Ok(Value::string(Uuid::new_v5(&namespace, args.str(1)?.as_bytes()).to_string()))
}
