using System;
using System.Collections.Generic;
using System.Linq;
using Libvirtd.Protocol.Generator.Parsing;

namespace Libvirtd.Protocol.Generator.Model;

/// <summary>One procedure: names, types and annotations.</summary>
public sealed class ProcedureModel
{
    private static readonly HashSet<string> s_session = new()
    {
        "CONNECT_OPEN", "CONNECT_CLOSE", "CONNECT_SUPPORTS_FEATURE", "CONNECT_SET_IDENTITY", "CONNECT_REGISTER_CLOSE_CALLBACK",
        "CONNECT_UNREGISTER_CLOSE_CALLBACK", "CONNECT_GET_LIB_VERSION",
    };

    private static readonly HashSet<string> s_readPermissions = new() { "getattr", "read", "none" };

    private readonly EnumMemberSyntax _syntax;

    internal ProcedureModel(ProtocolModel protocol, ProgramModel program, EnumMemberSyntax syntax, string prefix, bool annotated)
    {
        _syntax = syntax;
        Program = program;
        XName = syntax.Name.Substring(prefix.Length + "_PROC_".Length);
        Name = Names.Pascal(XName);
        Number = (int)(protocol.Value(syntax.Name) ?? 0);
        string stem = prefix.ToLowerInvariant() + "_" + XName.ToLowerInvariant();
        Args = protocol.Struct(stem + "_args");
        Ret = protocol.Struct(stem + "_ret");
        Message = protocol.Struct(Value("msg") ?? "") ?? protocol.Struct(stem + "_msg");
        IsEvent = Message is not null;
        Kind = ObjectKind.Of(program.Name, XName);
        Api = Value("api") ?? Names.Api(program.Name, XName);
        IsSession = program.Name == "Remote"
            && (s_session.Contains(XName) || XName.StartsWith("AUTH_", StringComparison.Ordinal) || (XName.Contains("EVENT") && XName.Contains("REGISTER")))
            || (program.Name == "Qemu" && XName.Contains("EVENT_"));
        AllowedReadOnly = annotated ? Has("readonly") : Values("acl").All(rule => IsRead(rule));
        HighPriority = Value("priority") == "high";
        if (Has("readstream"))
            Stream = XName is "DOMAIN_OPEN_CONSOLE" or "DOMAIN_OPEN_CHANNEL" ? "Both" : "ToClient";
        else if (Has("writestream") || XName == "DOMAIN_MIGRATE_PREPARE_TUNNEL3_PARAMS")
            Stream = "ToServer";
        if (Value("sparseflag") is { } sparse)
            SparseFlag = protocol.Value(sparse);
    }

    /// <summary>The program that it belongs to.</summary>
    public ProgramModel Program { get; }

    /// <summary>The name in the .x file without prefix: <c>DOMAIN_BLOCK_COMMIT</c>.</summary>
    public string XName { get; }

    /// <summary>The name in C#: <c>DomainBlockCommit</c>.</summary>
    public string Name { get; }

    /// <summary>The number on the wire.</summary>
    public int Number { get; }

    /// <summary>The public C function.</summary>
    public string Api { get; }

    /// <summary>The kind of object that it belongs to, which names the driver class.</summary>
    public ObjectKind Kind { get; }

    /// <summary>Its arguments; null for none.</summary>
    public StructModel? Args { get; }

    /// <summary>Its results; null for none.</summary>
    public StructModel? Ret { get; }

    /// <summary>What the event carries; null for a call.</summary>
    public StructModel? Message { get; }

    /// <summary>Sent by the server unasked.</summary>
    public bool IsEvent { get; }

    /// <summary>Answered by the session itself, not by a driver.</summary>
    public bool IsSession { get; }

    /// <summary>Allowed on a read-only connection.</summary>
    public bool AllowedReadOnly { get; }

    /// <summary>Never waits for a guest.</summary>
    public bool HighPriority { get; }

    /// <summary>None, ToClient, ToServer or Both.</summary>
    public string Stream { get; } = "None";

    /// <summary>The flag that makes the stream sparse.</summary>
    public long? SparseFlag { get; }

    /// <summary>Where it stands, from 0.</summary>
    public int Line => _syntax.Line;

    /// <summary>Where it stands, from 0.</summary>
    public int Column => _syntax.Column;

    /// <summary>All annotations, in order.</summary>
    public IReadOnlyList<Annotation> Annotations => _syntax.Annotations;

    /// <summary>Whether the annotation is there.</summary>
    public bool Has(string tag) => _syntax.Annotations.Any(annotation => annotation.Tag == tag);

    /// <summary>The annotation's first value.</summary>
    public string? Value(string tag) => _syntax.Annotations.FirstOrDefault(annotation => annotation.Tag == tag)?.Value;

    /// <summary>All of the annotation's values.</summary>
    public IEnumerable<string> Values(string tag) => _syntax.Annotations.Where(annotation => annotation.Tag == tag).Select(annotation => annotation.Value);

    private static bool IsRead(string rule)
    {
        string[] parts = rule.Split(':');
        string permission = parts.Length > 1 ? parts[1] : parts[0];
        return s_readPermissions.Contains(permission) || permission.StartsWith("search_", StringComparison.Ordinal) || parts.Length > 2;
    }
}
