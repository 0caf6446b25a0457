using Libvirtd.Drivers;
using Libvirtd.Protocol;

namespace Libvirtd.Rpc.Sessions;

/// <summary>Reads the parameters of CONNECT_SET_IDENTITY.</summary>
internal static class IdentityParameters
{
    private const string Token = "system.token";

    private static readonly Dictionary<string, TypedParameterType> s_types = new()
    {
        [LibvirtConstants.ConnectIdentityUserName] = TypedParameterType.String,
        [LibvirtConstants.ConnectIdentityUnixUserId] = TypedParameterType.Ullong,
        [LibvirtConstants.ConnectIdentityGroupName] = TypedParameterType.String,
        [LibvirtConstants.ConnectIdentityUnixGroupId] = TypedParameterType.Ullong,
        [LibvirtConstants.ConnectIdentityProcessId] = TypedParameterType.Llong,
        [LibvirtConstants.ConnectIdentityProcessTime] = TypedParameterType.Ullong,
        [LibvirtConstants.ConnectIdentitySaslUserName] = TypedParameterType.String,
        [LibvirtConstants.ConnectIdentityX509DistinguishedName] = TypedParameterType.String,
        [LibvirtConstants.ConnectIdentitySelinuxContext] = TypedParameterType.String,
        [Token] = TypedParameterType.String,
    };

    public static ClientIdentity Read(TypedParam[] parameters)
    {
        HashSet<string> seen = [];
        foreach (TypedParam parameter in parameters)
        {
            if (!s_types.TryGetValue(parameter.Field, out TypedParameterType wanted))
                throw VirException.Of(ErrorCode.ArgumentUnsupported, ErrorDomain.None, $"parameter '{parameter.Field}' not supported");
            if (parameter.Type != wanted)
                throw Invalid($"invalid type '{TypeName(parameter.Type)}' for parameter '{parameter.Field}', expected '{TypeName(wanted)}'");
            if (!seen.Add(parameter.Field))
                throw Invalid($"parameter '{parameter.Field}' occurs multiple times");
        }
        TypedParam? Find(string field) => seen.Contains(field) ? Array.Find(parameters, parameter => parameter.Field == field) : null;
        return new ClientIdentity
        {
            UserName = Find(LibvirtConstants.ConnectIdentityUserName)?.Text,
            UserId = Find(LibvirtConstants.ConnectIdentityUnixUserId)?.ULong,
            GroupName = Find(LibvirtConstants.ConnectIdentityGroupName)?.Text,
            GroupId = Find(LibvirtConstants.ConnectIdentityUnixGroupId)?.ULong,
            ProcessId = Find(LibvirtConstants.ConnectIdentityProcessId)?.Long,
            ProcessTime = Find(LibvirtConstants.ConnectIdentityProcessTime)?.ULong,
            SaslUserName = Find(LibvirtConstants.ConnectIdentitySaslUserName)?.Text,
            X509DistinguishedName = Find(LibvirtConstants.ConnectIdentityX509DistinguishedName)?.Text,
            SelinuxContext = Find(LibvirtConstants.ConnectIdentitySelinuxContext)?.Text,
        };
    }

    private static VirException Invalid(string detail) => VirException.Of(ErrorCode.InvalidArg, ErrorDomain.None, detail);

    private static string TypeName(TypedParameterType type) => type == TypedParameterType.Boolean ? "boolean" : type.ToString().ToLowerInvariant();
}
